"""Time as an argument: nothing reads the wall clock but through a `Clock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

EARLIEST_S, LATEST_S = -62_135_596_800, 253_402_300_799  # what `iso` can write: the years 1 to 9999


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self.now = time.time
        self.monotonic = time.monotonic


def to_us(seconds: float) -> int:
    """Seconds as whole microseconds, the unit in which times are stored."""
    return int(seconds * 1_000_000)


def iso(micros: int) -> str:
    """Microseconds since the epoch as ISO 8601 in UTC, for example `2026-01-02T03:04:05.678901Z`."""
    seconds, rest = divmod(micros, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def parse_time(text: str) -> int:
    """ISO 8601 (UTC when no offset is given), or seconds since the epoch, as microseconds. Raises ValueError."""
    try:
        seconds = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        seconds = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()
    if not EARLIEST_S <= seconds <= LATEST_S:
        raise ValueError(f"{text} is outside the years 1 to 9999")
    return to_us(seconds)
