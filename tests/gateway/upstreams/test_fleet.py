"""The fleet: what one attempt's end changes, who is told, and what is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.gateway.upstreams.breaker import BreakerRules
from headgate.gateway.upstreams.fleet import MAX_WAYS, Change, Fleet, FleetRules
from headgate.testing.clock import FixedClock
from tests.gateway.upstreams.test_order import provider

RULES = FleetRules(BreakerRules(min_samples=2, open_s=10, successes=1), {"small": 8})


@pytest.fixture
def told() -> list[Change]:
    return []


@pytest.fixture
def fleet(clock: FixedClock, told: list[Change]) -> Fleet:
    return Fleet(clock, RULES, changed=told.append)


def visit(fleet: Fleet, clock: FixedClock, *, ok: bool, status: int, model: str = "m") -> None:
    way = fleet.way(provider("p"), "k", model)
    way.service.room.enter()
    assert way.breaker.enter(clock.monotonic())
    started = fleet.enter(way, clock.monotonic())
    clock.advance(0.5)
    started.over(ok=ok, status=status)
    started.over(ok=not ok, status=0)  # only the first end counts
    started.left()


def test_failures_open_the_circuit_of_that_model_only_and_are_told(
    fleet: Fleet, clock: FixedClock, told: list[Change]
) -> None:
    for _ in range(2):
        visit(fleet, clock, ok=False, status=500)
    visit(fleet, clock, ok=True, status=200, model="other")

    assert [(each.provider, each.model, each.state) for each in told] == [("p", "m", "open")]
    assert {row["model"]: row["state"] for row in fleet.breakers()} == {"m": "open", "other": "closed"}
    assert fleet.state_of("p") == "half_open"
    assert fleet.rooms()[0]["in_flight"] == 0

    clock.advance(11)
    visit(fleet, clock, ok=True, status=200)
    assert [each.state for each in told] == ["open", "closed"]
    assert fleet.state_of("p") == "closed"


def test_a_limit_is_no_illness_but_takes_room(fleet: Fleet, clock: FixedClock, told: list[Change]) -> None:
    for _ in range(5):
        visit(fleet, clock, ok=False, status=429)

    assert told == []
    assert fleet.rooms()[0]["limit"] < 512


def test_a_client_that_left_says_nothing_of_the_provider(fleet: Fleet, clock: FixedClock) -> None:
    way = fleet.way(provider("p"), "k", "m")
    way.service.room.enter()
    fleet.enter(way, clock.monotonic()).left()

    assert way.breaker.rate(clock.monotonic()) == (0, 0.0)
    assert (way.latency.in_flight, way.service.room.in_flight) == (0, 0)


def test_reset_closes_what_is_open(fleet: Fleet, clock: FixedClock, told: list[Change]) -> None:
    for _ in range(2):
        visit(fleet, clock, ok=False, status=500)

    assert fleet.reset("another") == 0
    assert fleet.reset("p") == 1
    assert told[-1].state == "closed"


def test_ways_are_bounded_and_those_that_are_ill_are_remembered(fleet: Fleet, clock: FixedClock) -> None:
    for _ in range(2):
        visit(fleet, clock, ok=False, status=500, model="ill")
    for number in range(MAX_WAYS + 100):
        fleet.way(provider("p"), "k", str(number))

    rows = fleet.breakers()
    assert len(rows) <= MAX_WAYS
    assert "ill" in {row["model"] for row in rows}


def test_a_tenants_own_provider_is_another_one(fleet: Fleet, clock: FixedClock) -> None:
    own = replace(provider("p"), tenant="ten_1")
    visit(fleet, clock, ok=True, status=200)
    fleet.way(own, "k", "m")

    assert len(fleet.breakers()) == 2
    assert len(fleet.breakers("ten_2")) == 1
