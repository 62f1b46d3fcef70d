"""One attempt against a scripted provider: keys that rest, formats that are translated, time-outs, calls that leave."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, answer, refusal, script_for
from tests.gateway.conftest import Running, serving
from tests.gateway.http import chat

REPLY = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
    "stop_sequence": None, "content": [{"type": "text", "text": "Hello"}],
    "usage": {"input_tokens": 11, "output_tokens": 7, "cache_read_input_tokens": 4},
}  # fmt: skip


@pytest.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


@pytest.fixture
async def gateway(upstream: FaultServer, tmp_path: Path) -> AsyncIterator[Running]:
    providers: dict[str, Any] = {
        "keys": {"base_url": f"{upstream.url}/v1", "api_key": "sk-one,sk-two"},
        "other": {"base_url": upstream.url, "api_key": "sk-ant-x", "family": "anthropic"},
    }
    async with serving(tmp_path / "data", providers=providers) as running:
        yield running


def keys_of(upstream: FaultServer) -> list[str]:
    return [seen.headers["authorization"].removeprefix("Bearer ") for seen in upstream.seen]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "401 Unauthorized"])
async def test_the_other_key_of_a_provider_is_tried_and_the_first_rests(
    gateway: Running, upstream: FaultServer, status: str
) -> None:
    upstream.queue(refusal(status, "no", "retry-after: 30"))

    assert (await gateway.ask(chat(model="keys/m"))).status == 200
    first, second = keys_of(upstream)
    assert {first, second} == {"sk-one", "sk-two"}
    for _ in range(5):
        assert (await gateway.ask(chat(model="keys/m"))).status == 200

    assert set(keys_of(upstream)[2:]) == {second}


async def test_a_call_in_one_format_is_asked_in_another_and_its_tokens_are_those_of_the_provider(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(Script((answer(json.dumps(REPLY).encode()),)))

    told = await gateway.ask(chat(model="other/claude-x", max_tokens=50))

    (seen,) = upstream.seen
    assert (seen.path, seen.headers["x-api-key"]) == ("/v1/messages", "sk-ant-x")
    assert json.loads(seen.body)["max_tokens"] == 50
    assert told.json["choices"][0]["message"]["content"] == "Hello"
    run = await gateway.run(told.run_id)
    assert (run["usage"]["promptTokens"], run["usage"]["cachedTokens"]) == (15, 4)


async def test_a_refusal_comes_in_the_format_of_the_client(gateway: Running, upstream: FaultServer) -> None:
    body = json.dumps(
        {"type": "error", "error": {"type": "invalid_request_error", "message": "too long"}}
    ).encode()
    upstream.queue(Script((answer(body, "400 Bad Request"),)))

    told = await gateway.ask(chat(model="other/claude-x"))

    assert (told.status, told.json["error"]["message"]) == (400, "too long")


async def test_a_count_that_the_provider_does_not_make_is_estimated_and_free(
    gateway: Running, upstream: FaultServer
) -> None:
    body = {"model": "keys/m", "messages": [{"role": "user", "content": "How many?"}]}

    told = await gateway.ask(body, path="/v1/messages/count_tokens")

    assert told.json["input_tokens"] > 0
    assert not upstream.seen
    assert (await gateway.run(told.run_id))["costUsd"] == 0


async def test_room_comes_back_whatever_happens(gateway: Running, upstream: FaultServer) -> None:
    for fault in ("ok", "500", "reset", "not-json", "400"):
        made = script_for(fault, Asked())
        assert made is not None
        for stream in (False, True):
            upstream.queue(made)
            await gateway.ask(chat(model="keys/m", stream=stream))

    assert [room["in_flight"] for room in gateway.house.gateway.dispatcher.fleet.rooms()] == [0]
