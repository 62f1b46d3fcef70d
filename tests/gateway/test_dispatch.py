"""Failover, retries and the breaker, end to end: one good answer or one clear error, every try on record, billed once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import (
    LAST_CHUNK,
    STREAM_HEAD,
    Asked,
    Script,
    chunk,
    events,
    good,
    paced,
    refusal,
    script_for,
)
from tests.gateway.conftest import Running
from tests.gateway.failing import Pair, pair, two
from tests.gateway.http import Client, chat, request

ASKED = Asked("gpt-4o", stream=True)
ERROR = b'data: {"error":{"message":"overloaded","type":"server_error","code":"overloaded"}}\n\n'
SLOW = {"attempt_timeout_s": 0.3}


def stream_of(*pieces: bytes | float, end: Any = LAST_CHUNK) -> Script:
    return Script((STREAM_HEAD, *(chunk(each) if isinstance(each, bytes) else each for each in pieces), end))


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def fault(name: str) -> Script:
    made = script_for(name, Asked("gpt-4o"))
    assert made is not None
    return made


WHOLE = {
    "429 with Retry-After": (fault("429-retry-after"), "failed", 429),
    "500": (fault("500"), "failed", 500),
    "503": (fault("503"), "failed", 503),
    "a key that is not accepted": (fault("401"), "failed", 401),
    "hang": (fault("hang"), "unknown", None),
    "reset": (fault("reset"), "unknown", None),
    "half a body": (fault("half-body-close"), "unknown", None),
    "no JSON": (fault("not-json"), "unknown", 200),
    "slow drip": (paced(Asked("gpt-4o"), pause_s=0.1), "unknown", None),
    "error in 200": (
        Script((whole(b'{"error":{"message":"out of luck","code":502}}'),)), "failed", 502),
}  # fmt: skip
STREAMED = {
    "429 with Retry-After": (fault("429-retry-after"), "failed"),
    "500": (fault("500"), "failed"),
    "hang": (fault("hang"), "unknown"),
    "reset": (fault("reset"), "unknown"),
    "nothing but a beginning, then the end": (stream_of(events(ASKED)[0]), "failed"),
    "half a stream before its content": (stream_of(events(ASKED)[0], 0.01, end="reset"), "unknown"),
    "error before the content": (stream_of(events(ASKED)[0], ERROR), "failed"),
    "error as the first event": (stream_of(ERROR), "failed"),
    "slow drip before the content": (
        stream_of(*[each for _ in range(9) for each in (0.1, b": ping\n\n")], events(ASKED)[0]), "unknown"
    ),
}  # fmt: skip


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Pair]:
    async with pair(tmp_path / "data", SLOW) as found:
        yield found


@pytest.mark.parametrize("name", WHOLE)
async def test_the_second_answers_when_the_first_fails(both: Pair, name: str) -> None:
    script, outcome, status = WHOLE[name]
    both.first.queue(script)

    answer = await both.running.ask(chat(model="any"))

    assert answer.status == 200, answer.body
    assert (answer.headers["x-headgate-provider"], answer.headers["x-headgate-model"]) == (
        "second",
        "gpt-4o-mini",
    )
    assert "x-should-retry" not in answer.headers
    assert (len(both.first.seen), len(both.second.seen)) == (1, 1)
    found = await both.detail(answer.run_id)
    failed, answered = found["attempts"]
    assert (failed["provider"], failed["model"], failed["outcome"], failed["status"]) == (
        "first",
        "gpt-4o",
        outcome,
        status,
    )
    assert (answered["provider"], answered["outcome"], answered["costUsd"]) == ("second", "answered", None)
    assert failed["estimated"] is (outcome == "unknown")
    assert (failed["costUsd"] > 0) is (outcome == "unknown")
    assert found["run"]["costUsd"] == pytest.approx((12 * 0.15 + 16 * 0.6) / 1e6)  # of the answer only
    assert [run["id"] for run in await both.running.runs()] == [answer.run_id]


@pytest.mark.parametrize("name", STREAMED)
async def test_a_stream_is_answered_by_the_second_until_its_first_content(both: Pair, name: str) -> None:
    script, outcome = STREAMED[name]
    both.first.queue(script)

    answer = await both.running.ask(chat(model="any", stream=True))

    assert answer.status == 200
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert answer.body.count(b'"role":"assistant"') == 1  # nothing of the first one's beginning
    assert b"error" not in answer.body
    found = await both.detail(answer.run_id)
    assert [each["outcome"] for each in found["attempts"]] == [outcome, "answered"]
    assert found["run"]["status"] == "completed"


@pytest.mark.pain(9)
async def test_after_the_first_content_a_stream_fails_loudly(both: Pair) -> None:
    """Pain 9, fallback surprises: after the commit point nobody else goes on in silence; the client gets an error event."""
    both.first.queue(stream_of(*events(ASKED)[:4], 0.01, end="reset"))

    answer = await both.running.ask(chat(model="any", stream=True))

    assert not both.second.seen
    last = answer.body.rstrip().split(b"\n\n")
    assert b'"code":"provider_error"' in last[-2]
    assert (await both.detail(answer.run_id))["run"]["status"] == "failed"


async def test_what_the_caller_has_to_change_is_not_asked_twice(both: Pair) -> None:
    both.first.queue(fault("400"))

    answer = await both.running.ask(chat(model="any"))

    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")
    assert not both.second.seen


async def test_with_all_dead_there_is_one_clear_error_within_the_deadline(tmp_path: Path) -> None:
    policy = {"max_retries": 2, "base_delay_s": 0.01, "deadline_s": 2.0, "attempt_timeout_s": 0.2}
    async with pair(tmp_path / "data", policy) as both:
        both.first.queue(*[fault("500")] * 3)
        both.second.queue(*[fault("hang")] * 3)
        began = time.monotonic()

        answer = await both.running.ask(chat(model="any"))

        assert time.monotonic() - began < 8  # the deadline, and a machine that is busy
        error = answer.json["error"]
        assert (answer.status, error["code"]) == (502, "provider_error")
        assert answer.headers["x-should-retry"] == "false"
        assert "first/gpt-4o: status 500" in error["message"]
        assert [each["provider"] for each in error["attempts"]] == ["first", "second"] * 3
        found = await both.detail(answer.run_id)
        assert [each["outcome"] for each in found["attempts"]] == ["failed", "unknown"] * 3
        assert found["run"]["status"] == "failed"


async def test_when_all_are_over_their_limit_the_client_hears_when_to_come_back(both: Pair) -> None:
    both.queue(fault("429-retry-after"), refusal("429 Too Many Requests", "rate_limit", "retry-after: 3"))

    answer = await both.running.ask(chat(model="any"))

    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert answer.headers["x-should-retry"] == "false"


async def test_a_dead_name_costs_nothing_but_the_look_up(tmp_path: Path) -> None:
    async with (
        FaultServer() as second,
        two(tmp_path / "data", ("http://dead.invalid", second.url)) as gateway,
    ):
        answer = await gateway.ask(chat(model="any"))

        assert answer.headers["x-headgate-provider"] == "second"
        (failed, _) = (await gateway.get(f"/api/v1/runs/{answer.run_id}")).json["attempts"]
        assert (failed["reason"], failed["outcome"], failed["costUsd"]) == ("dns", "failed", 0)


async def test_the_pause_before_a_repeat_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    chain = {"chain": [{"provider": "first", "model": "gpt-4o"}], "max_retries": 1, "base_delay_s": 0}
    async with pair(tmp_path / "data", chain) as both:
        both.first.queue(refusal("429 Too Many Requests", "rate_limit", "retry-after-ms: 300"))
        began = time.monotonic()

        answer = await both.running.ask(chat(model="any"))

        assert answer.status == 200
        assert time.monotonic() - began >= 0.3
        assert len(both.first.seen) == 2


async def test_a_pause_that_does_not_fit_into_the_deadline_is_not_begun(tmp_path: Path) -> None:
    chain = {"chain": [{"provider": "first", "model": "gpt-4o"}], "max_retries": 3, "deadline_s": 2}
    async with pair(tmp_path / "data", chain) as both:
        both.first.queue(fault("429-retry-after"))  # 7 s

        answer = await both.running.ask(chat(model="any"))

        assert (answer.status, answer.headers["retry-after"], len(both.first.seen)) == (429, "7", 1)


@pytest.mark.pain(9)
async def test_who_keeps_failing_is_left_alone_then_probed_and_taken_back(tmp_path: Path) -> None:
    """Pain 9, a bad deployment stays in rotation: after a few failures it is not asked, for a while; all can see it."""
    circuit = {"circuit_breaker": {"min_samples": 4, "open_s": 0.5, "successes": 1}}
    async with pair(tmp_path / "data", circuit) as both:
        both.first.queue(*[fault("500")] * 4)
        for _ in range(7):
            assert (await both.running.ask(chat(model="any"))).headers["x-headgate-provider"] == "second"
        assert len(both.first.seen) == 4
        fleet = both.running.house.gateway.dispatcher.fleet
        assert [each["state"] for each in fleet.breakers() if each["provider"] == "first"] == ["open"]

        await asyncio.sleep(0.55)
        assert (await both.running.ask(chat(model="any"))).headers["x-headgate-provider"] == "first"

        assert [each["state"] for each in fleet.breakers() if each["provider"] == "first"] == ["closed"]
        assert await told(both.running) == ["open", "closed"]


async def told(running: Running) -> list[str]:
    """The states that `provider.health_changed` told of."""
    for _ in range(50):
        async with running.house.floor.database.reading() as db:
            query = text("SELECT data FROM outbox WHERE name = 'provider.health_changed' ORDER BY id")
            rows = (await db.execute(query)).all()
        if len(rows) >= 2:
            break
        await asyncio.sleep(0.02)
    return [json.loads(row.data)["breaker"] for row in rows]


async def test_with_every_circuit_open_the_client_is_told_so(tmp_path: Path) -> None:
    circuit = {"circuit_breaker": {"min_samples": 2, "open_s": 30}}
    async with pair(tmp_path / "data", circuit) as both:
        for upstream in (both.first, both.second):
            upstream.queue(*[fault("500")] * 2)
        for _ in range(2):
            await both.running.ask(chat(model="any"))

        answer = await both.running.ask(chat(model="any"))

        assert (answer.status, answer.json["error"]["code"]) == (503, "circuit_open")
        assert 25 <= int(answer.headers["retry-after"]) <= 30
        assert (len(both.first.seen), len(both.second.seen)) == (2, 2)


@pytest.mark.pain(10)
async def test_a_client_that_leaves_ends_the_upstream_and_pays_for_what_came(both: Pair) -> None:
    """Pain 10, disconnect: the upstream is cancelled at once, and the part that came is billed, marked as an estimate."""
    both.first.queue(paced(ASKED, pause_s=0.05))
    async with await Client.connect(both.running.port) as client:
        client.send(request(chat(model="any", stream=True)))
        _, headers = await client.head()
        await client.chunk()

    for _ in range(100):
        if both.first.left:
            break
        await asyncio.sleep(0.02)
    assert both.first.left == 1
    assert not both.second.seen
    run = (await both.detail(headers["x-punk-run-id"]))["run"]
    assert run["status"] == "cancelled"
    assert run["costUsd"] > 0
    assert "usage is an estimate" in run["warnings"]


@pytest.mark.pain(11)
async def test_the_answer_of_who_stepped_in_is_not_kept_for_long(both: Pair) -> None:
    """Pain 11, a cache that serves the wrong thing: what another model answered in need is not the model's answer for a day."""
    both.first.queue(fault("500"))
    body = chat(model="any", temperature=0)

    assert (await both.running.ask(body)).headers["x-headgate-provider"] == "second"
    assert (await both.running.ask(body)).headers["x-headgate-cache"] == "hit"

    (entry,) = both.running.house.floor.cache._entries.values()
    assert entry.expires_s - entry.created_s <= 60


ONE = {
    "concurrency": {"first": 1},
    "chain": [{"provider": "first", "model": "gpt-4o"}],
    "attempt_timeout_s": 0,
}


def slowly() -> Script:
    return Script((0.15, *good(Asked("gpt-4o")).steps))


async def test_a_full_provider_is_waited_for_when_a_queue_is_asked_for(tmp_path: Path) -> None:
    async with pair(tmp_path / "data", ONE | {"queue": {"wait_s": 5}}) as both:
        both.first.queue(*[slowly() for _ in range(4)])

        answers = await asyncio.gather(
            *[both.running.ask(chat(f"{number}", model="any")) for number in range(4)]
        )

        assert [answer.status for answer in answers] == [200] * 4
        assert both.first.connections == 1  # one after the other
        waited = [
            (await both.detail(answer.run_id))["run"]["routeExplanation"].get("queued_ms")
            for answer in answers
        ]
        assert sum(each is not None for each in waited) == 3


async def test_a_full_provider_is_a_429_without_a_queue_and_no_matter_with_a_second(tmp_path: Path) -> None:
    async with pair(tmp_path / "one", ONE) as both:
        both.first.queue(slowly())
        answers = await asyncio.gather(
            *[both.running.ask(chat(f"{number}", model="any")) for number in range(3)]
        )
        assert sorted(answer.status for answer in answers) == [200, 429, 429]
        assert len(both.first.seen) == 1

    async with pair(tmp_path / "two", {"concurrency": {"first": 1}}) as both:
        both.first.queue(slowly())
        answers = await asyncio.gather(
            *[both.running.ask(chat(f"{number}", model="any")) for number in range(3)]
        )
        assert [answer.status for answer in answers] == [200] * 3
        assert (len(both.first.seen), len(both.second.seen)) == (1, 2)
