"""Addresses are let in or not; who sends `X-Forwarded-For` without being a trusted proxy is judged by his own address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from headgate.call.module import Tools
from headgate.kernel.errors import Forbidden
from headgate.modules.admit.ipfence import Config, IpFence
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running, serving
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import make_call


def refused(clock: FixedClock, peer: str, **config: Any) -> bool:
    fence = IpFence(Config(**config), Tools(clock, MemoryStore(), {}))
    call = make_call(clock=clock)
    call.peer = peer
    try:
        fence.on_request(call)
        fence.on_request(call)  # remembered
    except Forbidden:
        return True
    return False


@pytest.mark.parametrize(
    ("config", "peer", "is_refused"),
    [
        ({"allow": ["10.0.0.0/8"]}, "10.1.2.3", False),
        ({"allow": ["10.0.0.0/8"]}, "11.1.2.3", True),
        ({"denylist": ["10.0.0.7"]}, "10.0.0.7", True),
        ({"denylist": ["10.0.0.7"]}, "10.0.0.8", False),
        ({"allow": ["10.0.0.0/8"], "deny": ["10.0.0.7"]}, "10.0.0.7", True),
        ({"deny": ["10.0.0.7"]}, "::ffff:10.0.0.7", True),
        ({"deny": ["fe80::/10"]}, "fe80::1%eth0", True),
        ({"allow": ["::1"]}, "nonsense", True),
        ({"allow": ["10.0.0.0/8"]}, "", False),
        ({"deny": ["10.0.0.7"], "action": "flag"}, "10.0.0.7", False),
    ],
)
def test_addresses_are_judged(clock: FixedClock, config: dict[str, Any], peer: str, is_refused: bool) -> None:
    assert refused(clock, peer, **config) is is_refused


def test_what_is_no_network_is_no_config() -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"allow": ["10.0.0.300"]})


@pytest.mark.parametrize("how", BOTH)
async def test_a_call_from_a_denied_address_is_refused(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "ipfence", deny=["127.0.0.1"])
    answer = await say(running, headers={"x-forwarded-for": "8.8.8.8"}, **how)
    assert (answer.status, answer.json["error"]["code"]) == (403, "forbidden")
    await switch(running, "ipfence", deny=["8.8.8.8"])
    assert (await say(running, headers={"x-forwarded-for": "8.8.8.8"}, **how)).status == 200


async def test_a_trusted_proxy_speaks_for_its_client(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", trusted_proxies=["127.0.0.1"]) as gateway:
        await switch(gateway, "ipfence", deny=["8.8.8.8"])
        assert (await say(gateway, headers={"x-forwarded-for": "8.8.8.8"})).status == 403
        assert (await say(gateway, headers={"x-forwarded-for": "9.9.9.9"})).status == 200
