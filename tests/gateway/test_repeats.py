"""Repeats of one call: the provider is asked once, plain and streamed; nobody gets what was another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headgate.call.call import Reply
from headgate.gateway import repeats
from headgate.gateway.repeats import Repeats, mark
from headgate.testing.clock import FixedClock
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, paced, script_for
from tests.gateway.conftest import Running, serving
from tests.gateway.http import Client, chat, request
from tests.record.cache.calls import QUESTION, make_call

KEY = {"idempotency-key": "order-4711"}
RETRY = {"x-stainless-retry-count": "1"}
FIRST = {"x-stainless-retry-count": "0"}
SLOW = paced(Asked("gpt-4o-mini", stream=True, include_usage=True), pause_s=0.03)


@pytest.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


@pytest.fixture
async def gateway(upstream: FaultServer, tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-server"
    ) as running:
        yield running


async def cost_of_all(gateway: Running) -> float:
    return sum(run["costUsd"] for run in await gateway.runs())


@pytest.mark.pain(11)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_same_key_is_asked_and_billed_once(
    gateway: Running, upstream: FaultServer, stream: bool
) -> None:
    """Pain 11, its idempotent side: what has been answered under a key is that answer, for whoever asked, and only them."""
    first = await gateway.ask(chat(stream=stream), headers=KEY)
    second = await gateway.ask(chat(stream=stream), headers=KEY)

    assert (first.status, second.status) == (200, 200)
    assert second.body == first.body
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-headgate-repeat-of"] == first.run_id
    assert second.run_id != first.run_id
    assert len(upstream.seen) == 1
    runs = await gateway.runs()
    assert [run["status"] for run in runs] == ["completed", "completed"]
    assert runs[0]["costUsd"] == 0 < runs[1]["costUsd"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_repeat_joins_a_call_that_is_still_running(
    gateway: Running, upstream: FaultServer, stream: bool
) -> None:
    upstream.queue(SLOW if stream else script_for("drip-head", Asked("gpt-4o-mini")) or SLOW)

    answers = await asyncio.gather(*[gateway.ask(chat(stream=stream), headers=KEY) for _ in range(3)])

    assert len({answer.body for answer in answers}) == 1
    assert len(upstream.seen) == 1
    assert sorted(run["costUsd"] > 0 for run in await gateway.runs()) == [False, False, True]


async def test_another_body_under_the_same_key_is_refused(gateway: Running, upstream: FaultServer) -> None:
    await gateway.ask(chat("one"), headers=KEY)

    answer = await gateway.ask(chat("two"), headers=KEY)

    assert (answer.status, answer.json["error"]["param"]) == (400, "Idempotency-Key")
    assert len(upstream.seen) == 1


@pytest.mark.parametrize(
    "other", [{"x-punk-app": "another"}, {"x-punk-subject": "another"}, {"idempotency-key": "order-4712"}]
)
async def test_a_key_is_only_its_owners(
    gateway: Running, upstream: FaultServer, other: dict[str, str]
) -> None:
    await gateway.ask(chat(), headers=KEY)

    answer = await gateway.ask(chat(), headers=KEY | other)

    assert "x-headgate-repeat-of" not in answer.headers
    assert len(upstream.seen) == 2


async def test_equal_calls_without_a_key_stay_apart(gateway: Running, upstream: FaultServer) -> None:
    await asyncio.gather(*[gateway.ask(chat(temperature=1), headers=FIRST) for _ in range(3)])

    assert len(upstream.seen) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_a_librarys_retry_gets_the_answer_of_its_first_try(
    gateway: Running, upstream: FaultServer, stream: bool
) -> None:
    first = await gateway.ask(chat(stream=stream), headers=FIRST)

    again = await gateway.ask(chat(stream=stream), headers=RETRY)

    assert again.body == first.body
    assert len(upstream.seen) == 1
    assert (await gateway.ask(chat("other", stream=stream), headers=RETRY)).status == 200
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_gave_up_and_retries_finds_its_call_still_running(
    gateway: Running, upstream: FaultServer, stream: bool
) -> None:
    upstream.queue(SLOW if stream else paced_whole())
    async with await Client.connect(gateway.port) as client:
        client.send(request(chat(stream=stream), headers=FIRST))
        if stream:
            await client.head()
            await client.chunk()
        else:
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.05)

    again = await gateway.ask(chat(stream=stream), headers=RETRY)

    assert again.status == 200
    assert again.body.endswith(b"data: [DONE]\n\n") if stream else again.json["choices"]
    assert (len(upstream.seen), upstream.left) == (1, 0)
    assert sorted(run["costUsd"] > 0 for run in await gateway.runs()) == [False, True]


def paced_whole() -> Any:
    made = script_for("drip-head", Asked("gpt-4o-mini"))
    assert made is not None
    return type(made)((0.3, *made.steps))


async def test_a_client_that_does_not_come_back_ends_its_call(
    gateway: Running, upstream: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "REJOIN_S", 0.1)
    upstream.queue(paced(Asked("gpt-4o-mini", stream=True), pause_s=0.1))
    async with await Client.connect(gateway.port) as client:
        client.send(request(chat(stream=True), headers=KEY))
        await client.head()

    for _ in range(100):
        if upstream.left:
            break
        await asyncio.sleep(0.02)
    assert upstream.left == 1
    for _ in range(100):
        if (await gateway.runs())[0]["status"] == "cancelled":
            break
        await asyncio.sleep(0.02)
    assert (await gateway.runs())[0]["status"] == "cancelled"


@pytest.mark.parametrize("fault", ["500", "reset", "429"])
async def test_what_failed_can_be_repeated_in_earnest(
    gateway: Running, upstream: FaultServer, fault: str
) -> None:
    made = script_for(fault, Asked("gpt-4o-mini"))
    assert made is not None
    upstream.queue(made)
    assert (await gateway.ask(chat(), headers=KEY)).status >= 429

    answer = await gateway.ask(chat(), headers=KEY)

    assert answer.status == 200
    assert len(upstream.seen) == 2


async def test_a_stream_that_broke_is_no_answer(gateway: Running, upstream: FaultServer) -> None:
    made = script_for("half-stream-close", Asked("gpt-4o-mini", stream=True))
    assert made is not None
    upstream.queue(made)
    await gateway.ask(chat(stream=True), headers=KEY)

    answer = await gateway.ask(chat(stream=True), headers=KEY)

    assert b"error" not in answer.body
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_a_key_outlives_a_restart(upstream: FaultServer, tmp_path: Path, stream: bool) -> None:
    provider = {"openai_base_url": upstream.url, "openai_api_key": "sk-server"}
    async with serving(tmp_path / "data", **provider) as gateway:
        first = await gateway.ask(chat(stream=stream), headers=KEY)
        assert (
            await gateway.ask(chat("failed", model="fault-500"), headers={"idempotency-key": "2"})
        ).status == 502

    async with serving(tmp_path / "data", **provider) as gateway:
        for _ in range(2):
            again = await gateway.ask(chat(stream=stream), headers=KEY)
            assert (again.body, again.headers["x-headgate-repeat-of"]) == (first.body, first.run_id)
            assert again.headers["content-type"] == first.headers["content-type"]
        assert (await gateway.ask(chat("another"), headers=KEY)).status == 400
        other = await gateway.ask(chat(stream=stream), headers=KEY | {"x-punk-app": "another"})
        assert "x-headgate-repeat-of" not in other.headers
        assert (
            "x-headgate-repeat-of"
            not in (await gateway.ask(chat("failed"), headers={"idempotency-key": "2"})).headers
        )


async def test_a_key_of_no_use_is_refused(gateway: Running) -> None:
    answer = await gateway.ask(chat(), headers={"idempotency-key": "k" * 300})

    assert (answer.status, answer.json["error"]["param"]) == (400, "Idempotency-Key")


async def test_what_is_kept_is_bounded_and_runs_out(clock: FixedClock) -> None:
    kept = Repeats(clock, max_bytes=50_000)

    def ask(number: int) -> bool:
        call = make_call(QUESTION, clock=clock)
        call.headers = {b"idempotency-key": b"%d" % number}
        mark(call)
        found = kept.begin(call)
        if found is None:
            kept.answered(call, Reply(200, b"x" * 10_000))
        return found is not None

    assert not any(ask(number) for number in range(20))
    assert kept.bytes <= 50_000
    assert ask(19)
    assert not ask(0)
    clock.advance(24 * 3600 + 1)
    assert not ask(19)
