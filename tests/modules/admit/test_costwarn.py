"""Dear calls are warned of, dearer ones refused, before anything is asked."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import run_of, say, switch


@pytest.mark.parametrize("stream", [False, True])
async def test_a_dear_call_is_warned_of_and_a_dearer_one_refused(running: Running, stream: bool) -> None:
    await switch(running, "costpredict", warn_cents=1, block_cents=50)
    cheap = await say(running, model="gpt-4o", max_tokens=10, stream=stream)
    assert (cheap.status, "x-headgate-warnings" in cheap.headers) == (200, False)
    dear = await say(running, model="gpt-4o", max_tokens=5000, stream=stream)
    assert dear.status == 200
    assert "may cost about $0.05" in dear.headers["x-headgate-warnings"]
    assert any("may cost about" in each for each in (await run_of(running, dear))["warnings"])
    dearer = await say(running, model="gpt-4o", max_tokens=100_000, stream=stream)
    assert dearer.status == 400
    error = dearer.json["error"]
    assert (error["code"], error["param"], error["max_tokens"]) == ("cost_too_high", "max_tokens", 100_000)
    assert error["estimated_cost"] > 0.5


async def test_a_price_nobody_knows_is_no_reason_to_refuse(running: Running) -> None:
    await switch(running, "costwarn", warn_cents=1, block_cents=1)
    assert (await say(running, model="nobody-knows-this", max_tokens=100_000)).status == 200
