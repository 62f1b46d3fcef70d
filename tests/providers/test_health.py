"""The health of providers: counts are real and per tenant, and the newest of calls and checks says how one is."""

from __future__ import annotations

import pytest

from headgate.providers.health import Health, Noted, condition_of
from headgate.testing.clock import FixedClock


@pytest.fixture
def health(clock: FixedClock) -> Health:
    return Health(clock)


def note(
    health: Health, *, ok: bool = True, status: int = 200, tenant: str = "ten_a", latency_s: float = 0.1
) -> None:
    health.note("groq", "k1", "m", ok=ok, status=status, latency_s=latency_s, tenant=tenant)


def test_counts_are_kept_for_each_tenant_alone(health: Health) -> None:
    note(health)
    note(health, ok=False, status=500)
    note(health, tenant="ten_b")
    assert (health.counts("ten_a", "groq").requests, health.counts("ten_a", "groq").errors) == (2, 1)
    assert (health.counts("ten_b", "groq").requests, health.counts("ten_b", "groq").errors) == (1, 0)
    assert health.counts("ten_c", "groq").requests == 0


def test_the_newest_says_how_a_provider_is(health: Health, clock: FixedClock) -> None:
    assert health.condition("groq") == "unknown"
    note(health)
    assert health.condition("groq") == "active"
    clock.advance(1)
    note(health, ok=False, status=0)
    assert health.condition("groq") == "unreachable"
    clock.advance(1)
    note(health, ok=False, status=503)
    assert health.condition("groq") == "degraded"
    clock.advance(1)
    note(health)
    assert health.condition("groq") == "degraded", "it failed a moment ago"
    clock.advance(120)
    note(health)
    assert health.condition("groq") == "active"
    clock.advance(1)
    health.checked("groq", "unreachable", latency_s=5.0, error="refused")
    assert health.condition("groq") == "unreachable"


def test_latency_is_smoothed_over_answers_only(health: Health) -> None:
    note(health, latency_s=1.0)
    note(health, latency_s=2.0)
    note(health, ok=False, status=0, latency_s=60.0)
    assert health.pulse("groq").latency_s == pytest.approx(1.1)


def test_breakers_hear_of_each_attempt(health: Health) -> None:
    heard: list[Noted] = []
    health.on_note.append(heard.append)
    note(health, ok=False, status=429)
    assert heard == [Noted("groq", "k1", "m", ok=False, status=429, latency_s=0.1)]


def test_a_provider_that_was_taken_away_is_forgotten(health: Health) -> None:
    note(health)
    health.forget("groq")
    assert health.condition("groq") == "unknown"
    assert health.counts("ten_a", "groq").requests == 0


@pytest.mark.parametrize(
    ("status", "condition"), [(200, "active"), (401, "active"), (404, "active"), (503, "degraded")]
)
def test_a_provider_that_answers_is_there(status: int, condition: str) -> None:
    assert condition_of(status) == condition
