"""A model is asked again with a hint when its answer does not fit; all of it is one call and one bill."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Reply
from headgate.call.frames import Usage
from headgate.call.module import AskAgain
from headgate.gateway.again import MAX_ASKS, add_earlier, keep_cost, prepare
from headgate.kernel.errors import ProviderError
from tests.gateway.conftest import Running
from tests.modules.live import run_of, say, switch, told
from tests.wire.samples import CHAT, EMBEDDINGS, call_on, request

PICKY = {"name": "not_contains", "value": "mock answer"}


def paid(tokens: int, cost: int | None) -> Reply:
    reply = Reply(200, b"{}")
    reply.provider, reply.model, reply.usage, reply.cost_pico = (
        "openai",
        "gpt-4o",
        Usage(tokens, 1, known=True),
        cost,
    )
    return reply


async def test_the_hint_is_said_and_every_answer_is_paid_for(running: Running) -> None:
    first = await run_of(running, await say(running, "hello"))
    await switch(running, "evalgate", validators=[PICKY], retry_budget=2)
    answer = await say(running, "hello")
    run = await run_of(running, answer)
    said = run["request"]["messages"]
    assert answer.status == 200 and len(said) == 3 and "failed these checks" in said[-1]["content"]
    assert await told(running, answer, "asked_again") == 2
    assert run["costUsd"] > 2.5 * first["costUsd"]
    assert len(await running.runs()) == 2


async def test_a_check_that_is_passed_the_second_time_ends_it(running: Running) -> None:
    await switch(running, "evalgate", validators=[{"name": "contains", "value": "these checks"}])
    answer = await say(running, "hello")  # the mock repeats what it was told last
    assert await told(running, answer, "asked_again") == 1
    assert await told(running, answer, "evalgate") is None


async def test_an_answer_that_is_refused_was_paid_for_all_the_same(running: Running) -> None:
    schema = {"x-schema": "thing"}
    await switch(running, "validation", schemas={"thing": {"type": "object"}}, max_retries=1)
    answer = await say(running, "hello", headers=schema)
    run = await run_of(running, answer)
    assert (answer.status, answer.json["error"]["code"]) == (502, "answer_invalid")
    assert run["costUsd"] > 0 and run["provider"] == "mock"
    await switch(running, "validation", enabled=False)
    await switch(running, "toxicfilter", categories={"self_harm": "block"})
    blocked = await say(running, "kys")
    run = await run_of(running, blocked)
    assert (blocked.status, run["status"]) == (403, "blocked") and run["costUsd"] > 0


async def test_a_stored_answer_is_not_asked_for_again(running: Running) -> None:
    await say(running, "hello", temperature=0)
    await switch(running, "evalgate", validators=[PICKY])
    answer = await say(running, "hello", temperature=0)
    assert answer.headers["x-headgate-cache"] == "hit"
    assert await told(running, answer, "asked_again") is None


async def test_an_observe_key_is_never_asked_for_again(running: Running) -> None:
    await switch(running, "evalgate", validators=[PICKY])
    made = await running.ask({"name": "watcher", "mode": "observe"}, path="/api/v1/keys")
    answer = await say(running, "hello", headers={"authorization": f"Bearer {made.json['token']}"})
    assert answer.status == 200 and await told(running, answer, "asked_again") is None


def test_asking_ends_and_is_refused_where_nobody_can_say_anything() -> None:
    call = call_on(CHAT, request(CHAT, "hi"))
    for _ in range(MAX_ASKS):
        prepare(call, paid(10, 5), AskAgain("again"), 0)
    with pytest.raises(ProviderError):
        prepare(call, paid(10, 5), AskAgain("again"), 0)
    assert len(json.loads(call.body)["messages"]) == 1 + MAX_ASKS
    with pytest.raises(ProviderError):
        prepare(call_on(EMBEDDINGS, request(EMBEDDINGS, "hi")), paid(10, 5), AskAgain("again"), 0)


@pytest.mark.parametrize(("costs", "total"), [((5, 7), 12), ((None, 7), None), ((5, None), None)])
def test_what_was_used_adds_up_and_an_unknown_price_stays_unknown(
    costs: tuple[Any, Any], total: int | None
) -> None:
    call, last = call_on(CHAT, request(CHAT, "hi")), paid(20, costs[1])
    keep_cost(call, paid(10, costs[0]))
    add_earlier(call, last)
    assert (last.cost_pico, last.price_known, last.usage.prompt_tokens) == (total, total is not None, 30)
    add_earlier(call, last)
    assert last.usage.prompt_tokens == 30


def test_an_error_of_ours_takes_over_what_was_paid() -> None:
    call, error = call_on(CHAT, request(CHAT, "hi")), Reply(403)
    keep_cost(call, paid(10, 5))
    add_earlier(call, error)
    assert (error.provider, error.cost_pico, error.usage.known) == ("openai", 5, True)
