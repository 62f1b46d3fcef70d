"""What the client is told after attempts that failed, and what stays on record of them."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.call import Call, Reply
from headgate.gateway.dispatch_failure import AttemptFailed, CircuitOpen, Trail, circuit_open
from headgate.gateway.upstreams.fleet import Fleet, FleetRules
from headgate.gateway.upstreams.order import Dropped, Line
from headgate.kernel.errors import ProviderError, RateLimited
from headgate.providers.prices import PriceBook
from headgate.providers.table import Target
from headgate.testing.clock import FixedClock
from tests.gateway.upstreams.test_order import provider
from tests.record.cache.calls import QUESTION, make_call


class Course:
    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.fleet = Fleet(clock, FleetRules())
        self.call: Call = make_call({**QUESTION, "padding": "x" * 400}, clock=clock)
        self.trail = Trail(self.call, clock, PriceBook({"m": {"input": 1, "output": 2}}, clock))

    def line(self, name: str) -> Line:
        target = Target(provider(name), "m")
        return Line(target, None, None, self.fleet.way(target.provider, "k", "m"))

    def failed(self, name: str, outcome: Any = "failed", **more: Any) -> Course:
        told = more.pop("told", None) or ProviderError(f"{name} failed", provider=name)
        failure = AttemptFailed(told, outcome, **({"reason": "status 500", "status": 500} | more))
        began = self.clock.monotonic()
        self.clock.advance(0.25)
        self.trail.failed(self.line(name), failure, began)
        return self


@pytest.fixture
def course(clock: FixedClock) -> Course:
    return Course(clock)


def test_one_failure_is_told_as_it_was(course: Course) -> None:
    with pytest.raises(ProviderError, match="one failed") as told:
        course.failed("one").trail.verdict()

    assert "x-should-retry" not in told.value.headers


def test_several_are_told_together(course: Course) -> None:
    with pytest.raises(ProviderError) as told:
        course.failed("one").failed("two", reason="refused", status=0).trail.verdict(out_of_time=True)

    error = told.value
    assert "within the time allowed" in error.message
    assert error.detail["attempts"] == [
        {"provider": "one", "model": "m", "status": 500, "reason": "status 500"},
        {"provider": "two", "model": "m", "reason": "refused"},
    ]
    assert error.headers == {"x-should-retry": "false"}
    assert "outcome" not in error.detail


def test_an_attempt_nobody_knows_the_end_of_is_an_estimate_and_makes_the_end_unknown(course: Course) -> None:
    with pytest.raises(ProviderError) as told:
        course.failed("one", "unknown", reason="reset", status=0).failed("two").trail.verdict()

    assert (told.value.detail["outcome"], told.value.detail["provider"]) == ("unknown", "one")
    one, two = course.trail.rows
    assert (one.outcome, one.prompt_tokens, one.cost_pico) == (
        "unknown",
        len(course.call.body) // 4,
        one.prompt_tokens * 10**6,
    )
    assert (two.outcome, two.cost_pico, two.latency_us) == ("failed", 0, 250_000)


def test_what_the_caller_must_change_is_passed_on_after_others_failed(course: Course) -> None:
    refusal = Reply(400, b'{"error":{}}')
    course.failed("one").failed("two", "refused", told=refusal, status=400)

    assert course.trail.verdict() is refusal
    assert (b"x-should-retry", b"false") in refusal.headers


def test_all_limited_is_a_limit_with_the_soonest_time(course: Course) -> None:
    course.failed("one", status=429, wait_s=7.2).failed("two", status=429, wait_s=None)

    with pytest.raises(RateLimited) as told:
        course.trail.verdict()

    assert told.value.headers["Retry-After"] == "8"


def test_the_pause_is_the_shortest_and_none_when_somebody_asked_for_none(course: Course) -> None:
    course.failed("old", wait_s=1)
    course.failed("one", wait_s=7).failed("two", wait_s=3)
    assert course.trail.of_round(1).wait_s == 3

    course.failed("three")
    assert course.trail.of_round(1).wait_s is None


def test_the_attempt_that_worked_is_a_row_too(course: Course) -> None:
    course.failed("one").trail.answered(course.line("two"), course.clock.monotonic())

    assert [(row.number, row.provider, row.outcome) for row in course.call.notes["attempts"]] == [
        (1, "one", "failed"), (2, "two", "answered"),
    ]  # fmt: skip


def test_open_circuits_say_when_to_come_back(course: Course) -> None:
    error = circuit_open(
        [Dropped(course.line("one"), "circuit open", 12.3), Dropped(course.line("two"), "circuit open", 4.1)]
    )

    assert isinstance(error, CircuitOpen)
    assert (error.status, error.code, error.headers["Retry-After"]) == (503, "circuit_open", "5")
