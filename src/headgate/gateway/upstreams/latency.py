"""How fast an upstream answers: a moving average that believes bad news at once and good news slowly (peak EWMA)."""

from __future__ import annotations

from math import exp

DECAY_S = 10.0


class PeakLatency:
    """`load` is what least-latency routing compares: the time of an answer, times those who wait for one."""

    __slots__ = ("_at", "in_flight", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0  # 0: nothing is known, so that it is tried
        self.in_flight = 0
        self._at = 0.0

    def note(self, now: float, seconds: float) -> None:
        """An answer took `seconds`."""
        if seconds >= self.seconds:
            self.seconds = seconds
        else:
            keep = exp(-max(0.0, now - self._at) / DECAY_S)
            self.seconds = self.seconds * keep + seconds * (1.0 - keep)
        self._at = now

    def load(self, now: float) -> float:
        """Falls by itself while nothing is heard, so that who was slow is tried again."""
        quiet = max(0.0, now - self._at)
        return self.seconds * exp(-quiet / (6 * DECAY_S)) * (self.in_flight + 1)
