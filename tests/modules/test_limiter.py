"""Rates of weighted tokens: taken by estimate, settled by what was used, all or nothing, and never far off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.kernel.errors import RateLimited
from headgate.modules.limiter import Limiter
from headgate.modules.limits import Limit, Rule
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import live_reply, make_call

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * 400}], "max_tokens": 50}
PROMPT = len(json.dumps(BODY)) // 4


def limiter(clock: FixedClock, store: MemoryStore, *limits: dict[str, Any]) -> Limiter:
    rules = [Rule(Limit(**each), f"limit:{n}", lambda call: call.app) for n, each in enumerate(limits)]
    return Limiter(rules, store, clock.now, "held")


def left(store: MemoryStore, clock: FixedClock, rate: int, number: int = 0) -> int:
    key = f"limit:{number}:5:ten_a:app_a"
    return store.take(key, rate_per_minute=rate, burst=rate, now=clock.now(), cost=0).remaining


def call_of(clock: FixedClock, **more: Any) -> Call:
    return make_call(BODY | more, clock=clock)


@pytest.mark.parametrize(("what", "cost"), [
    ("requests", 1), ("tokens_in", PROMPT), ("tokens_out", 50), ("tokens", PROMPT + 50),
])  # fmt: skip
def test_an_estimate_is_taken_first(clock: FixedClock, what: str, cost: int) -> None:
    store = MemoryStore()
    limiter(clock, store, {"what": what, "rate": 1000}).take(call_of(clock))
    assert left(store, clock, 1000) == 1000 - cost


@pytest.mark.pain(8)
@pytest.mark.parametrize(
    ("what", "used"), [("tokens_in", 10 + 5), ("tokens_out", 20 + 10 * 2), ("tokens", 15 + 40)]
)
def test_what_was_used_is_settled_by_the_weights_of_its_classes(
    clock: FixedClock, what: str, used: int
) -> None:
    """Pain 8, rate limits wrong: cached tokens counted as new ones, only output counted, estimates never corrected."""
    store = MemoryStore()
    weights = {"cached": 0.25, "reasoning": 2}
    many = limiter(clock, store, {"what": what, "rate": 1000, "weights": weights})
    call = call_of(clock)
    many.take(call)
    usage = Usage(prompt_tokens=30, completion_tokens=30, cached_tokens=20, reasoning_tokens=10, known=True)
    many.settle(call, live_reply(usage=usage))
    assert left(store, clock, 1000) == 1000 - used
    many.settle(call, live_reply(usage=usage))
    assert left(store, clock, 1000) == 1000 - used, "a call is settled once"


@pytest.mark.pain(8)
@pytest.mark.asyncio
async def test_gateways_that_share_a_store_share_the_rate_and_drift_by_no_more_than_what_is_in_flight(
    clock: FixedClock,
) -> None:
    """Pain 8: a rate of N must not become N for each process. Between estimate and settlement the counter is off by at
    most the difference of the calls in flight, and by nothing once they have ended."""
    store = MemoryStore()
    gateways = [limiter(clock, store, {"what": "tokens_out", "rate": 1000}) for _ in range(4)]
    calls = [call_of(clock) for _ in range(8)]
    for number, call in enumerate(calls):
        await gateways[number % 4].take_wait(call)
    used, estimated = 8 * 70, 8 * 50
    assert left(store, clock, 1000) == 1000 - estimated
    for number, call in enumerate(calls):
        reply = live_reply(usage=Usage(10, 70, known=True))
        await gateways[number % 4].settle_wait(gateways[number % 4].corrections(call, reply))
    assert left(store, clock, 1000) == 1000 - used


def test_a_call_takes_of_all_limits_or_of_none(clock: FixedClock) -> None:
    store = MemoryStore()
    both = limiter(
        clock, store, {"what": "requests", "rate": 100}, {"what": "tokens_out", "rate": 1000, "burst": 60}
    )
    both.take(call_of(clock))
    with pytest.raises(RateLimited) as refusal:
        both.take(call_of(clock))
    assert left(store, clock, 100) == 99
    assert int(refusal.value.headers["Retry-After"]) == 3 and refusal.value.detail["limit"] == "tokens_out"


@pytest.mark.asyncio
async def test_the_same_holds_for_a_shared_store(clock: FixedClock) -> None:
    store = MemoryStore()
    both = limiter(
        clock, store, {"what": "requests", "rate": 100}, {"what": "tokens_out", "rate": 1000, "burst": 60}
    )
    await both.take_wait(call_of(clock))
    with pytest.raises(RateLimited):
        await both.take_wait(call_of(clock))
    assert left(store, clock, 100) == 99


def test_a_call_that_reached_no_model_gives_its_tokens_back(clock: FixedClock) -> None:
    store = MemoryStore()
    both = limiter(clock, store, {"what": "tokens", "rate": 1000}, {"what": "requests", "rate": 100})
    call = call_of(clock)
    both.take(call)
    both.settle(call, live_reply(route="exact_cache"))
    assert (left(store, clock, 1000), left(store, clock, 100, 1)) == (1000, 99)


def test_an_unknown_usage_leaves_the_estimate(clock: FixedClock) -> None:
    store = MemoryStore()
    one = limiter(clock, store, {"what": "tokens_out", "rate": 1000})
    call = call_of(clock)
    one.take(call)
    one.settle(call, live_reply(usage=Usage()))
    assert left(store, clock, 1000) == 950


def test_a_limit_is_only_about_the_names_it_says(clock: FixedClock) -> None:
    store = MemoryStore()
    one = limiter(clock, store, {"rate": 1, "only": ["other*"]})
    for _ in range(5):
        one.take(call_of(clock))
