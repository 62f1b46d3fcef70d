"""Callers are counted apart, refused with the headers of the contract; an observe key is only noted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.gateway.chain import compile_chain, run_steps
from headgate.kernel.errors import RateLimited
from headgate.kernel.tasks import Tasks
from headgate.modules.admit.rateshield import Config, RateShield
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import live_reply, make_call


class SharedStore(MemoryStore):
    """As a store that several gateways share: only its waiting twins may be used."""

    @property
    def is_remote(self) -> bool:
        return True


def module(clock: FixedClock, store: MemoryStore | None = None, **config: Any) -> RateShield:
    return RateShield(Config(**config), Tools(clock, store or MemoryStore(), {}))


def test_a_caller_above_its_rate_is_told_when_to_come_back(clock: FixedClock) -> None:
    shield = module(clock, rpm=60, burst=2)
    for _ in range(2):
        shield.on_request(make_call(clock=clock))
    with pytest.raises(RateLimited) as refusal:
        shield.on_request(make_call(clock=clock))
    assert refusal.value.headers == {
        "Retry-After": "1",
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "2",
    }
    clock.advance(1)
    shield.on_request(make_call(clock=clock))


def test_callers_do_not_use_up_each_others_rate(clock: FixedClock) -> None:
    shield = module(clock, rpm=60, burst=1)
    others: list[dict[str, Any]] = [
        {},
        {"key_id": "key_2"},
        {"tenant": "ten_b"},
        {"key_id": None, "app": "a"},
        {"key_id": None, "app": "b"},
    ]
    for who in others:
        shield.on_request(make_call(clock=clock, **who))


def test_an_observe_key_is_noted_and_not_refused(clock: FixedClock) -> None:
    chain = compile_chain(
        (RateShield,), {"rateshield": Config.model_validate({"rpm": 1})}, Tools(clock, MemoryStore(), {})
    )
    calls = [make_call(clock=clock, mode="observe") for _ in range(3)]
    for call in calls:
        assert run_steps(call, chain.steps) is None
    assert [call.explanation.get("would_block", {}).get("code") for call in calls] == [
        None,
        "rate_limited",
        "rate_limited",
    ]


def test_no_limit_is_no_limit(clock: FixedClock) -> None:
    shield = module(clock, rpm=0)
    for _ in range(1000):
        shield.on_request(make_call(clock=clock))
    assert not shield.must_wait(make_call(clock=clock))


@pytest.mark.asyncio
async def test_a_shared_store_is_asked_in_the_waiting_hook_only(clock: FixedClock) -> None:
    shield = module(clock, SharedStore(), rpm=60, burst=1)
    for _ in range(5):
        shield.on_request(make_call(clock=clock))
    call = make_call(clock=clock)
    assert shield.must_wait(call)
    await shield.wait_request(call)
    with pytest.raises(RateLimited):
        await shield.wait_request(make_call(clock=clock))


@pytest.mark.parametrize("how", BOTH)
async def test_tokens_are_limited_per_user_and_settled_by_what_was_used(
    running: Running, how: dict[str, Any]
) -> None:
    limit = {"what": "tokens_out", "per": "user", "rate": 60, "burst": 100}
    await switch(running, "ratelimit", rpm=0, limits=[limit])
    ada = {"x-punk-subject": "ada"}
    first = await say(running, headers=ada, max_tokens=100, **how)
    assert first.status == 200 and first.headers["x-ratelimit-remaining"] == "0"
    second = await say(running, headers=ada, max_tokens=1, **how)
    assert second.status == 200, "the mock used less than was expected, and the rest came back"
    third = await say(running, headers=ada, max_tokens=100, **how)
    assert (third.status, third.json["error"]["limit"]) == (429, "tokens_out")
    assert "retry-after" in third.headers
    assert (await say(running, headers={"x-punk-subject": "bob"}, max_tokens=100, **how)).status == 200


@pytest.mark.asyncio
async def test_limits_of_a_shared_store_are_settled_off_the_call(clock: FixedClock) -> None:
    store, tasks = SharedStore(), Tasks()
    limit = {"what": "tokens_out", "rate": 600, "estimated_output": 500}
    shield = RateShield(
        Config.model_validate({"rpm": 0, "limits": [limit]}), Tools(clock, store, {"tasks": tasks})
    )
    call = make_call(clock=clock)
    assert shield.on_request(call) is None and shield.must_wait(call)
    await shield.wait_request(call)
    shield.on_done(call, live_reply())
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(tasks) == 0
    second = make_call(clock=clock)
    await shield.wait_request(second)
    assert second.notes["rate"].remaining == 600 - 5 - 500


def test_a_shadow_is_not_counted(clock: FixedClock) -> None:
    shield = module(clock, rpm=1, burst=1)
    for _ in range(5):
        call = make_call(clock=clock)
        call.role = "shadow"
        shield.on_request(call)
