"""The order in which ways are tried: strategies, keys, and what is left out or put last, with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from headgate.call.policy import Policy
from headgate.gateway.upstreams.breaker import BreakerRules
from headgate.gateway.upstreams.fleet import Fleet, FleetRules
from headgate.gateway.upstreams.order import Plan, Planner
from headgate.providers.table import Provider, ProviderKey, Target
from headgate.providers.upstream import Origin
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call

LONG = {
    **QUESTION,
    "messages": [{"role": "system", "content": "Be careful. " * 500}, {"role": "user", "content": "?"}],
}


def provider(name: str, keys: int = 1) -> Provider:
    made = tuple(ProviderKey(f"{name}{number}", f"sk-{name}{number}") for number in range(keys))
    return Provider(name, Origin("https", f"{name}.example", 443), keys=made)


def targets(*names: str, weights: tuple[int, ...] = (), keys: int = 1) -> list[Target]:
    made = weights or (1,) * len(names)
    return [
        Target(provider(name, keys), f"model-{name}", weight)
        for name, weight in zip(names, made, strict=True)
    ]


@pytest.fixture
def fleet(clock: FixedClock) -> Fleet:
    return Fleet(clock, FleetRules(BreakerRules(min_samples=1, open_s=30), {"full": 1}))


@pytest.fixture
def plan(fleet: Fleet, clock: FixedClock) -> Callable[..., Plan]:
    planner = Planner(fleet, Random(5).random)

    def make(asked: list[Target], policy: Policy = Policy(), body: dict[str, Any] = QUESTION) -> Plan:  # noqa: B008 - frozen
        return planner.plan(make_call(body, clock=clock), asked, policy, clock.monotonic())

    return make


def names(made: Plan) -> list[str]:
    return [line.way.key_ref for line in made.lines]


def test_priority_is_the_given_order(plan: Callable[..., Plan]) -> None:
    assert names(plan(targets("a", "b", "c"))) == ["a0", "b0", "c0"]


def test_weights_say_how_often_each_is_first(plan: Callable[..., Plan]) -> None:
    weighted = Policy(strategy="weighted")
    first = Counter(names(plan(targets("a", "b", weights=(3, 1)), weighted))[0] for _ in range(2000))

    assert 1400 < first["a0"] < 1600


def test_a_weight_of_nothing_is_only_a_way_out(plan: Callable[..., Plan]) -> None:
    made = [names(plan(targets("a", "b", weights=(1, 0)), Policy(strategy="weighted"))) for _ in range(200)]

    assert all(each == ["a0", "b0"] for each in made)


def test_least_latency_takes_the_better_of_two(plan: Callable[..., Plan], fleet: Fleet) -> None:
    asked = targets("slow", "quick", "lame")
    for target, seconds in zip(asked, (2.0, 0.1, 5.0), strict=True):
        fleet.way(target.provider, f"{target.provider.name}0", target.upstream_model).latency.note(
            0.0, seconds
        )

    first = Counter(names(plan(asked, Policy(strategy="least-latency")))[0] for _ in range(900))

    assert first["lame0"] == 0  # it is never the better of two
    assert first["quick0"] > 2 * first["slow0"] > 0


def test_the_same_long_prompt_goes_to_the_same_key_first(plan: Callable[..., Plan]) -> None:
    asked = targets("a", keys=4)

    assert len({tuple(names(plan(asked, body=LONG))) for _ in range(50)}) == 1
    assert len({names(plan(asked, body=QUESTION))[0] for _ in range(50)}) == 4
    assert len({names(plan(asked, Policy(affinity=False), LONG))[0] for _ in range(50)}) == 4


def test_open_circuits_are_out_and_told(plan: Callable[..., Plan], fleet: Fleet) -> None:
    asked = targets("a", "b")
    fleet.way(asked[0].provider, "a0", "model-a").breaker.note(0.0, ok=False)

    made = plan(asked)

    assert names(made) == ["b0"]
    assert [(each.why, each.retry_in_s) for each in made.dropped] == [("circuit open", 30.0)]


def test_keys_that_cool_down_and_full_providers_come_last(plan: Callable[..., Plan], fleet: Fleet) -> None:
    asked = targets("cool", "full", "good")
    fleet.cool(fleet.way(asked[0].provider, "cool0", "model-cool"), 429, 7.0)
    fleet.service(asked[1].provider).room.enter()

    made = plan(asked)

    assert names(made) == ["good0", "full0", "cool0"]
    assert [each.why for each in made.later] == ["full", "cooling down"]


def test_a_callers_own_key_is_the_only_one(
    plan: Callable[..., Plan], clock: FixedClock, fleet: Fleet
) -> None:
    planner = Planner(fleet, Random(5).random)
    call = make_call(QUESTION, clock=clock)
    call.caller = call.caller.with_provider_key("sk-mine", first=True)

    made = planner.plan(call, targets("a", keys=3), Policy(), 0.0)

    assert [(line.key, line.caller_key, line.way.key_ref) for line in made.lines] == [
        (None, "sk-mine", "caller")
    ]
