"""Times as microseconds and as text."""

from __future__ import annotations

import pytest

from headgate.kernel.clock import SystemClock, iso, parse_time, to_us


def test_a_time_is_shown_as_utc_with_microseconds() -> None:
    assert iso(0) == "1970-01-01T00:00:00.000000Z"
    assert iso(1_767_323_045_678_901) == "2026-01-02T03:04:05.678901Z"


@pytest.mark.parametrize(
    "text",
    ["2026-01-02T03:04:05.500000Z", "2026-01-02T03:04:05.5", "2026-01-02T05:04:05.5+02:00", "1767323045.5"],
    ids=["UTC", "no offset means UTC", "an offset", "seconds since the epoch"],
)
def test_a_time_is_read_in_every_spelling(text: str) -> None:
    assert parse_time(text) == 1_767_323_045_500_000


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


def test_what_was_shown_is_read_back() -> None:
    assert parse_time(iso(1_767_323_045_678_901)) == 1_767_323_045_678_901


def test_the_system_clock_moves_on() -> None:
    clock = SystemClock()
    first = clock.monotonic()
    assert clock.monotonic() >= first
    assert to_us(clock.now()) > 1_700_000_000_000_000
