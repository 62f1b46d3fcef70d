"""Settling: one closed frame per call, with what is known and no invented zero, and followers are always let go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.frames import Usage
from headgate.call.module import Phase, Spec
from headgate.gateway import settle as settling
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler, estimate_usage
from headgate.kernel.errors import BadRequest, GatewayError, ProviderError, RecordUnavailable
from headgate.record.cache.keys import Slot
from headgate.wire.shape import ReplyFacts
from tests.gateway.settling import Frames, frames, keeper, settler
from tests.gateway.test_chain import Note, chain_of, make_call
from tests.wire.calls import call_of, chat_call

__all__ = ["frames", "keeper", "settler"]

USED = ReplyFacts(Usage(10, 5, known=True), b'{"prompt_tokens":10}', "stop", tool_calls=False, model="gpt-4o")
COST = 10 * 1_000_000 + 5 * 2_000_000


class Breaks(Note):
    spec = Spec("breaks", "test", Phase.ANSWER, "Breaks at the end.")

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        raise ZeroDivisionError


def answer(body: bytes = b"{}") -> Reply:
    reply = Reply(200, body)
    reply.provider, reply.model = "openai", "gpt-4o"
    return reply


async def test_a_call_is_settled_once(settler: Settler, frames: Frames) -> None:
    call = chat_call()
    settler.settle(call, answer())
    settler.settle(call, answer(), status="failed")
    settler.cancelled(call)

    assert [(frame.run_id, frame.status) for frame in frames.closed] == [("run_1", "completed")]


@pytest.mark.parametrize(
    ("status", "error", "outcome", "route"),
    [
        (200, None, "completed", "live"),
        (403, BadRequest("no"), "blocked", "blocked"),
        (502, ProviderError("down"), "failed", "live"),
        (429, None, "failed", "live"),
        (500, GatewayError("bug"), "failed", "live"),
    ],
)
async def test_the_record_tells_refusals_from_failures(
    settler: Settler, frames: Frames, status: int, error: GatewayError | None, outcome: str, route: str
) -> None:
    settler.settle(chat_call(), Reply(status), error=error)

    (frame,) = frames.closed
    assert (frame.status, frame.http_status, frame.route) == (outcome, status, route)
    assert frame.error_message == (error.message if error else "")


async def test_an_answer_is_priced_by_what_it_used(settler: Settler, frames: Frames) -> None:
    call, reply = chat_call(), answer()
    settler.answered(call, reply, USED, 1000)
    settler.settle(call, reply)

    (frame,) = frames.closed
    assert (frame.cost_pico, frame.price_known, frame.finish) == (COST, True, "stop")
    assert [event.name for event in frame.events] == ["model.completed", "run.completed"]


@pytest.mark.parametrize("model", ["gpt-4o", "unheard-of"])
async def test_what_is_not_known_is_never_recorded_as_nothing(settler: Settler, model: str) -> None:
    reply = answer()
    reply.model = model
    if model == "unheard-of":
        reply.usage = USED.usage
    settler.price(chat_call(), reply)

    assert (reply.cost_pico, reply.price_known) == (None, False)


async def test_a_client_that_left_pays_an_estimate_and_is_told_so(settler: Settler, frames: Frames) -> None:
    reply = answer(b'data: {"choices":[{"delta":{"content":"' + b"word " * 100 + b'"}}]}\n\n')
    settler.cancelled(chat_call(), reply)

    (frame,) = frames.closed
    assert (frame.status, frame.error_code) == ("cancelled", "client_closed_request")
    assert frame.cost_pico is not None
    assert frame.cost_pico > 0
    assert frame.warnings == ["usage is an estimate"]
    assert frame.usage_raw == b'{"estimated":true}'


async def test_a_client_that_left_before_any_model_was_asked_pays_nothing_known(
    settler: Settler, frames: Frames
) -> None:
    settler.cancelled(chat_call())

    assert (frames.closed[0].http_status, frames.closed[0].usage.known) == (499, False)


async def test_a_repeat_keeps_no_second_copy_of_the_bodies(settler: Settler, frames: Frames) -> None:
    reply = answer(b"whole")
    reply.same_as = "run_0"
    settler.settle(chat_call(), reply)

    assert (frames.closed[0].request, frames.closed[0].response, frames.closed[0].same_as) == (
        b"",
        b"",
        "run_0",
    )


async def test_a_very_long_answer_is_cut_on_record_and_the_run_says_so(
    settler: Settler, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "KEPT_RESPONSE_BYTES", 10)
    settler.settle(chat_call(), answer(b"x" * 11))

    assert frames.closed[0].response == b"x" * 10
    assert "first 10 bytes" in frames.closed[0].warnings[0]


async def test_followers_get_a_cacheable_answer_and_are_let_go_without_one(settler: Settler) -> None:
    landed: list[Reply | None] = []
    for status in (200, 500):
        call = chat_call(temperature=0)
        call.notes |= {"flight.land": landed.append, "cache.store": True, "cache.key": b"k" * 32}
        call.notes["cache.slot"] = Slot(b"k" * 32, b"r" * 32, 0, 60)
        reply = answer(b'{"choices":[]}')
        reply.status = status
        settler.answered(call, reply, USED, 1000)
        settler.settle(call, reply)

    assert [shared and shared.body for shared in landed] == [b'{"choices":[]}', None]


async def test_followers_are_let_go_when_the_record_is_full(settler: Settler, frames: Frames) -> None:
    landed: list[Reply | None] = []
    call, frames.full = chat_call(), True
    call.notes["flight.land"] = landed.append

    with pytest.raises(RecordUnavailable):
        settler.settle(call, answer())
    assert landed == [None]


async def test_a_module_that_breaks_at_the_end_costs_no_record(
    settler: Settler, keeper: PlaneKeeper, frames: Frames
) -> None:
    keeper.plane = replace(keeper.plane, default_chain=chain_of(Breaks))
    settler.settle(chat_call(), answer())

    assert [frame.warnings for frame in frames.closed] == [["breaks failed and was skipped"]]


def test_an_unknown_usage_is_estimated_from_the_text_that_came_not_from_its_wrapping() -> None:
    call = make_call()
    call.body = b"x" * 40
    reply = Reply(200, b'data: {"id":"chatcmpl-1","choices":[{"delta":{"content":"12345678"}}]}\n\n' * 5)
    reply.provider = "openai"

    estimate_usage(call, reply)

    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (10, 10)
    assert reply.usage_raw == b'{"estimated":true}'


def test_a_response_that_was_cut_off_is_estimated_from_its_deltas_alone() -> None:
    call = make_call()
    event = b'data: {"type":"response.output_text.delta","delta":"12345678"}\n\n'
    reply = Reply(
        200, event * 5 + b'data: {"type":"response.output_text.done","text":"1234567812345678"}\n\n'
    )
    reply.provider = "openai"

    estimate_usage(call, reply)

    assert reply.usage.completion_tokens == 10


async def test_the_id_of_a_response_that_may_be_gone_on_from_is_on_record(
    settler: Settler, frames: Frames
) -> None:
    told = ReplyFacts(Usage(), b"", "stop", tool_calls=False, model="m", id="resp_1")
    for body in (b'{"model":"m","input":"x"}', b'{"model":"m","input":"x","store":false}'):
        call, reply = call_of(body, "/v1/responses"), answer()
        settler.answered(call, reply, told, 1)
        settler.settle(call, reply)

    assert [frame.explanation.get("response_id") for frame in frames.closed] == ["resp_1", None]
