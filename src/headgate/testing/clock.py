"""A clock that stands still until it is told to move."""

from __future__ import annotations

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class FixedClock:
    """`now` and `monotonic` both follow `advance`."""

    def __init__(self, start: float = START) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now - START

    def advance(self, seconds: float) -> None:
        self._now += seconds
