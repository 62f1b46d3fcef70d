"""Waiting before a repeat: full jitter, what the provider asked for, and a budget that ends storms."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from headgate.gateway.upstreams.retrying import MAX_WAIT_S, Backoff, RetryBudget, retry_after_s

NOW = 1_767_225_600.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({b"retry-after": b"7"}, 7.0),
        ({b"retry-after": b"0.25"}, 0.25),
        ({b"retry-after": formatdate(NOW + 90, usegmt=True).encode()}, 90.0),
        ({b"retry-after": formatdate(NOW - 90, usegmt=True).encode()}, 0.0),
        ({b"retry-after-ms": b"1500", b"retry-after": b"7"}, 1.5),
        ({b"retry-after": b"-3"}, 0.0),
        ({b"retry-after": b"99999999999"}, MAX_WAIT_S),
        ({b"retry-after": b"nan"}, None),
        ({b"retry-after": b"inf"}, MAX_WAIT_S),
        ({b"retry-after": b"soon"}, None),
        ({b"retry-after": b"\xff\xfe"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_understood_in_every_form(headers: dict[bytes, bytes], seconds: float | None) -> None:
    assert retry_after_s(headers.get, NOW) == seconds


def test_jitter_is_full_grows_and_is_bounded() -> None:
    backoff = Backoff(base_s=0.5, max_s=8)

    assert backoff.wait_s(1, 0.0) == 0.0
    assert [backoff.wait_s(repeat, 1.0) for repeat in (1, 2, 3, 5, 9, 4000)] == [0.5, 1, 2, 8, 8, 8]
    assert backoff.wait_s(1, 0.5) == 0.25


def test_a_provider_is_never_asked_sooner_than_it_said() -> None:
    assert Backoff().wait_s(1, 0.0, 7.0) == 7.0
    assert Backoff().wait_s(1, 1.0, 7.0) == 7.5


def test_repeats_are_a_fifth_of_the_calls_at_most_once_the_reserve_is_used_up() -> None:
    budget = RetryBudget(share=0.2, size=10)
    repeats = 0
    for _ in range(1000):  # a provider that fails every call
        budget.deposit()
        repeats += budget.take()

    assert 200 <= repeats <= 210
    assert budget.denied == 1000 - repeats
