"""A model, or a provider, has its own rate; what is answered without one takes nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.kernel.errors import RateLimited
from headgate.modules.answer.modelrate import Config, ModelRate
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.admit.test_rateshield import SharedStore
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import make_call


@pytest.mark.parametrize("how", BOTH)
async def test_a_model_has_its_rate(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "modelrate", limits=[{"per": "model", "rate": 2, "only": ["gpt-4o-mini"]}])
    assert [(await say(running, f"{n}", **how)).status for n in range(3)] == [200, 200, 429]
    assert (await say(running, model="gpt-4o", **how)).status == 200


async def test_a_provider_has_its_rate(running: Running) -> None:
    await switch(running, "modelrate", limits=[{"per": "provider", "rate": 1}])
    assert [(await say(running, model=model)).status for model in ("gpt-4o", "gpt-4o-mini")] == [200, 429]


async def test_a_repeat_from_the_cache_takes_nothing(running: Running) -> None:
    await switch(running, "modelrate", limits=[{"per": "model", "rate": 1}])
    assert [(await say(running, temperature=0)).status for _ in range(4)] == [200] * 4


@pytest.mark.asyncio
async def test_a_shared_store_is_asked_in_the_waiting_hook(clock: FixedClock) -> None:
    config = Config.model_validate({"limits": [{"per": "model", "rate": 1}]})
    module = ModelRate(config, Tools(clock, SharedStore(), {}))
    call = make_call(clock=clock)
    assert module.on_request(call) is None and module.must_wait(call)
    await module.wait_request(call)
    with pytest.raises(RateLimited):
        await module.wait_request(make_call(clock=clock))
