"""A session has a budget of calls, money and time; other sessions, and calls without one, are not touched."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.kernel.errors import RateLimited
from headgate.modules.admit.agentguard import AgentGuard, Config
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.admit.test_rateshield import SharedStore
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import live_reply, make_call


def guard(clock: FixedClock, store: MemoryStore | None = None, **config: Any) -> AgentGuard:
    return AgentGuard(Config(**config), Tools(clock, store or MemoryStore(), {}))


def ask(module: AgentGuard, clock: FixedClock, session: str = "s", pico: int = 0) -> None:
    call = make_call(clock=clock)
    call.headers[b"x-session-id"] = session.encode()
    module.on_request(call)
    module.on_done(call, live_reply(cost_pico=pico))


def test_a_session_may_make_so_many_calls(clock: FixedClock) -> None:
    module = guard(clock, max_calls=2)
    for _ in range(2):
        ask(module, clock)
    with pytest.raises(RateLimited) as refusal:
        ask(module, clock)
    assert refusal.value.detail["limit"] == "calls"
    ask(module, clock, "another")


def test_a_session_may_spend_so_much(clock: FixedClock) -> None:
    module = guard(clock, max_cost=0.5)
    ask(module, clock, pico=300_000_000_000)
    ask(module, clock, pico=300_000_000_000)
    with pytest.raises(RateLimited, match=r"0\.6 of its 0\.5"):
        ask(module, clock)


def test_a_session_may_last_so_long(clock: FixedClock) -> None:
    module = guard(clock, max_duration="30m")
    ask(module, clock)
    clock.advance(1800)
    ask(module, clock)
    clock.advance(1)
    with pytest.raises(RateLimited, match="1800 seconds"):
        ask(module, clock)


@pytest.mark.asyncio
async def test_a_shared_store_is_asked_in_the_waiting_hook(clock: FixedClock) -> None:
    module = guard(clock, SharedStore(), max_calls=1)
    for refused in (False, True):
        call = make_call(clock=clock)
        call.headers[b"x-session-id"] = b"s"
        assert module.on_request(call) is None and module.must_wait(call)
        if refused:
            with pytest.raises(RateLimited):
                await module.wait_request(call)
        else:
            await module.wait_request(call)


@pytest.mark.parametrize("how", BOTH)
async def test_the_session_of_an_agent_is_stopped(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "agentguard", max_calls=2)
    session = {"x-session-id": "run away"}
    statuses = [(await say(running, headers=session, **how)).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await say(running, **how)).status == 200


async def test_what_was_spent_is_known_from_real_calls(running: Running) -> None:
    await switch(running, "agentguard", max_cost_usd=0.00001)
    session = {"x-session-id": "dear"}
    assert [(await say(running, headers=session)).status for _ in range(2)] == [200, 429]
