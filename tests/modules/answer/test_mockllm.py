"""Fixtures answer what they fit, plain, streamed and on other wires; the rest goes on to a model or gets the default."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, spoken, switch, told

FIXTURES = [
    {"name": "exact", "match_type": "exact", "pattern": "ping", "response": "pong"},
    {"match_type": "contains", "pattern": "WEATHER", "response": "sunny"},
    {"match_type": "regex", "pattern": r"^\d+$", "response": "a number"},
    {"model": "gpt-4o", "match_type": "any", "response": "big"},
    {"match_type": "exact", "pattern": "fail", "error_code": 418, "error_message": "teapot"},
    {"match_type": "exact", "pattern": "slow", "response": "done", "delay_ms": 80},
]  # fmt: skip


@pytest.mark.parametrize("how", BOTH)
async def test_fixtures_answer_what_they_fit(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "mockllm", fixtures=FIXTURES)
    for text, said in (("ping", "pong"), ("the weather", "sunny"), ("12", "a number")):
        answer = await say(running, text, **how)
        assert spoken(answer) == said
    assert spoken(await say(running, "other", model="gpt-4o", **how)) == "big"
    assert "mock answer to" in spoken(await say(running, "other", **how)), "goes on to the model"
    run = await run_of(running, answer)
    assert (run["provider"], run["costUsd"]) == ("mock", 0.0)
    assert await told(running, answer, "mockllm") == r"^\d+$"


async def test_a_stream_of_it_is_a_whole_stream(running: Running) -> None:
    await switch(running, "mockllm", fixtures=FIXTURES)
    answer = await say(running, "ping", stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream") and answer.body.endswith(
        b"data: [DONE]\n\n"
    )


async def test_other_wires(running: Running) -> None:
    await switch(running, "mockllm", fixtures=FIXTURES)
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "ping"}]}
    assert (await running.ask(body, path="/v1/messages")).json["content"][0]["text"] == "pong"
    assert (await running.ask({"model": "m", "prompt": "ping"}, path="/v1/completions")).json["choices"][0][
        "text"
    ] == "pong"


async def test_errors_and_delays(running: Running) -> None:
    await switch(running, "mockllm", fixtures=FIXTURES)
    answer = await say(running, "fail")
    assert (answer.status, answer.json["error"]["message"]) == (418, "teapot")
    began = time.monotonic()
    assert b"done" in (await say(running, "slow")).body
    assert time.monotonic() - began >= 0.08


async def test_without_passthrough_there_is_a_default(running: Running) -> None:
    await switch(running, "mockllm", passthrough=False, default_response="nothing fits")
    assert b"nothing fits" in (await say(running)).body
