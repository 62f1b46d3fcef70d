"""Calls fail, wait and break as often as they should, and the run says that it was on purpose."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, switch, told


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_call_fails(running: Running, how: dict[str, Any], status: int) -> None:
    await switch(running, "chaosllm", error_rate=1, statuses=[status])
    answer = await say(running, **how)
    assert answer.status == status and answer.json["error"]["chaos"] is True
    assert await told(running, answer, "chaos") == {"status": status}
    await switch(running, "chaosllm", error_rate=0)
    assert (await say(running, **how)).status == 200


async def test_a_call_waits(running: Running) -> None:
    await switch(running, "chaosllm", error_rate=0, latency_rate=1, latency_ms=80)
    began = time.monotonic()
    assert (await say(running)).status == 200 and time.monotonic() - began >= 0.08


async def test_a_stream_breaks_in_its_middle(running: Running) -> None:
    await switch(running, "chaosllm", error_rate=0, cut_rate=1)
    answer = await say(running, stream=True)
    assert answer.status == 200 and b"broke this stream" in answer.body
    assert (await run_of(running, answer))["status"] == "failed"


async def test_about_half_of_the_calls(running: Running) -> None:
    await switch(running, "chaosllm", error_rate=0.5, statuses=[503])
    statuses = [(await say(running)).status for _ in range(60)]
    assert 10 < statuses.count(503) < 50
