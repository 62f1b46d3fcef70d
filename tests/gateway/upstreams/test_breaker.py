"""The breaker in simulated time: when it opens, what it lets through while half open, when it closes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.upstreams.breaker import Breaker, BreakerRules

RULES = BreakerRules(
    window_s=60, min_samples=10, error_rate=0.5, open_s=30, max_open_s=100, probes=1, successes=2
)


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(RULES)
    for _ in range(10):
        assert breaker.enter(at)
        breaker.note(at, ok=False)
    return breaker


def test_it_opens_at_the_error_rate_and_not_before_there_are_samples() -> None:
    breaker = Breaker(RULES)
    for number in range(9):
        assert not breaker.note(number, ok=False)
    assert breaker.state == "closed"

    assert breaker.note(9, ok=False)

    assert (breaker.state, breaker.opened) == ("open", 1)
    assert not breaker.enter(9)


def test_a_rate_below_the_limit_never_opens_it() -> None:
    breaker = Breaker(RULES)
    for number in range(300):
        breaker.note(number / 10, ok=number % 5 < 3)

    assert breaker.state == "closed"
    assert breaker.rate(30.0)[1] == pytest.approx(0.4, abs=0.02)


def test_what_is_out_of_the_window_no_longer_counts() -> None:
    breaker = Breaker(RULES)
    for _ in range(9):
        breaker.note(0.0, ok=False)

    assert not breaker.note(61.0, ok=False)

    assert breaker.rate(61.0) == (1, 1.0)
    assert breaker.rate(1000.0) == (0, 0.0)


def test_one_probe_at_a_time_and_two_good_ones_close_it() -> None:
    breaker = opened()
    assert not breaker.enter(29.9)

    assert breaker.enter(30.0)
    assert breaker.state == "half_open"
    assert not breaker.enter(30.0)  # the second waits for the first's verdict
    assert not breaker.note(31.0, ok=True)
    assert breaker.enter(31.0)
    assert breaker.note(32.0, ok=True)

    assert breaker.state == "closed"
    assert breaker.rate(32.0) == (0, 0.0)


def test_a_probe_that_fails_opens_it_for_longer_up_to_a_bound() -> None:
    breaker = opened()
    now, pauses = 0.0, list[float]()
    for _ in range(4):
        pauses.append(breaker.retry_in(now))
        now += pauses[-1]
        assert breaker.enter(now)
        assert breaker.note(now, ok=False)

    assert pauses == [30, 60, 100, 100]


def test_a_probe_whose_client_left_frees_its_place() -> None:
    breaker = opened()
    assert breaker.enter(30.0)

    breaker.leave()

    assert breaker.enter(30.0)


def test_a_late_verdict_of_before_says_nothing_of_an_open_circuit() -> None:
    breaker = opened()

    assert not breaker.note(1.0, ok=True)

    assert breaker.state == "open"


def test_reset_closes_it_at_once() -> None:
    breaker = opened()

    breaker.reset()

    assert breaker.enter(0.0)
    assert breaker.retry_in(0.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 50), st.booleans(), st.booleans()), max_size=120))
def test_whatever_happens_an_open_circuit_lets_a_probe_through_after_its_longest_pause(
    steps: list[tuple[float, bool, bool]],
) -> None:
    breaker, now = Breaker(RULES), 0.0
    for passed, ok, gone in steps:
        now += passed
        if breaker.enter(now):
            breaker.leave() if gone else breaker.note(now, ok=ok)
    assert breaker.enter(now + RULES.max_open_s)
