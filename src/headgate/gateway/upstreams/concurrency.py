"""How many calls a provider takes at once: found out by it (additive increase, multiplicative decrease), within bounds."""

from __future__ import annotations

LEAST, MOST = 8, 512
DECREASE = 0.8
CALM_S = 1.0  # one decrease for everything that was refused together


class Concurrency:
    """The limit falls when the provider says that it is too much, and grows while the room is used and all goes well."""

    __slots__ = ("_calm_at", "_least", "_limit", "_most", "in_flight")

    def __init__(self, *, least: int = LEAST, most: int = MOST) -> None:
        self._least = min(least, most)
        self._most = most
        self._limit = float(most)
        self._calm_at = 0.0
        self.in_flight = 0

    @property
    def limit(self) -> int:
        return int(self._limit)

    @property
    def is_full(self) -> bool:
        return self.in_flight >= self._limit

    def enter(self) -> None:
        self.in_flight += 1

    def leave(self) -> None:
        self.in_flight -= 1

    def answered(self) -> None:
        """A call went well."""
        if self._limit < self._most and self.in_flight * 2 >= self._limit:
            self._limit = min(self._most, self._limit + 1.0 / self._limit)

    def too_much(self, now: float) -> None:
        """The provider refused a call because there were too many."""
        if now < self._calm_at:
            return
        self._calm_at = now + CALM_S
        self._limit = max(self._least, min(self._limit, self.in_flight + 1) * DECREASE)
