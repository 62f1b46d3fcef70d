"""The header names the region, and dispatch hears which provider may be asked."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.call import Call
from headgate.call.module import Tools
from headgate.kernel.errors import BadRequest
from headgate.modules.shape.regionroute import Config, RegionRoute
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, switch, told
from tests.record.cache.calls import make_call

ROUTES = [
    {"region": "eu", "provider": "mistral", "model": "mistral-small"},
    {"region": "us", "provider": "openai"},
]


def routed(clock: FixedClock, region: str, **config: Any) -> Call:
    call = make_call(clock=clock)
    if region:
        call.headers[b"x-region"] = region.encode()
    RegionRoute(
        Config.model_validate({"routes": ROUTES} | config), Tools(clock, MemoryStore(), {})
    ).on_request(call)
    return call


def test_a_region_has_its_provider_and_its_name_for_the_model(clock: FixedClock) -> None:
    assert routed(clock, "EU").notes["targets"] == (("mistral", "mistral-small"),)
    assert routed(clock, "us").notes["targets"] == (("openai", "gpt-4o"),)
    assert routed(clock, "", default="us").notes["targets"] == (("openai", "gpt-4o"),)
    assert "targets" not in routed(clock, "").notes and "targets" not in routed(clock, "mars").notes


def test_a_strict_server_refuses_an_unknown_region(clock: FixedClock) -> None:
    with pytest.raises(BadRequest):
        routed(clock, "mars", strict=True)


@pytest.mark.parametrize("how", BOTH)
async def test_a_call_is_routed_by_its_region(running: Running, how: dict[str, Any]) -> None:
    await switch(
        running, "regionroute", routes=[{"region": "eu", "provider": "mock", "model": "gpt-4o"}], strict=True
    )
    answer = await say(running, headers={"x-region": "eu"}, **how)
    assert answer.headers["x-headgate-model"] == "gpt-4o"
    assert await told(running, answer, "region") == {"region": "eu", "provider": "mock"}
    assert (await say(running, headers={"x-region": "mars"}, **how)).status == 400
