"""The circuit breaker of one provider, key and model: a state machine of numbers and times, without a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]
SLOTS = 10  # parts of the window that are forgotten one after the other


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a circuit opens, and how it is tried again."""

    window_s: float = 60.0
    min_samples: int = 10
    error_rate: float = 0.5
    open_s: float = 30.0
    max_open_s: float = 300.0  # a probe that fails doubles the pause up to here
    probes: int = 1  # calls let through at once while half open
    successes: int = 2  # of probes in a row that close it


class Breaker:
    """Closed: calls pass and are counted. Open: none pass. Half open: a few probes pass, and decide.

    `now` is a monotonic time in seconds, and never goes back.
    """

    __slots__ = (
        "_bad", "_good", "_open_s", "_opened_at", "_probing", "_rules", "_slot", "_streak", "opened", "state",
    )  # fmt: skip

    def __init__(self, rules: BreakerRules) -> None:
        self.state: State = "closed"
        self.opened = 0  # how often, ever
        self._rules = rules
        self._good = [0] * SLOTS
        self._bad = [0] * SLOTS
        self._slot = -1
        self._opened_at = 0.0
        self._open_s = rules.open_s
        self._probing = 0
        self._streak = 0

    def lets_pass(self, now: float) -> bool:
        """Would a call be let through at this moment? Changes nothing."""
        if self.state == "closed":
            return True
        if self.state == "open":
            return now - self._opened_at >= self._open_s
        return self._probing < self._rules.probes

    def enter(self, now: float) -> bool:
        """A call wants to pass. True: it must be followed by one `note` or one `leave`."""
        if self.state == "closed":
            return True
        if not self.lets_pass(now):
            return False
        if self.state == "open":
            self.state = "half_open"
            self._probing = self._streak = 0
        self._probing += 1
        return True

    def leave(self) -> None:
        """A call that had entered is over and says nothing of the provider: its client has gone."""
        if self.state == "half_open" and self._probing:
            self._probing -= 1

    def note(self, now: float, *, ok: bool) -> bool:
        """A call is over. Did the state change?"""
        if self.state == "closed":
            return self._count(now, ok=ok)
        if self.state == "open":  # it had entered before the circuit opened
            return False
        self._probing = max(0, self._probing - 1)
        if not ok:
            self._open_s = min(self._open_s * 2, self._rules.max_open_s)
            self._open(now)
            return True
        self._streak += 1
        if self._streak < self._rules.successes:
            return False
        self.reset()
        return True

    def reset(self) -> None:
        """Close the circuit and forget what was."""
        self.state = "closed"
        self._open_s = self._rules.open_s
        self._good, self._bad = [0] * SLOTS, [0] * SLOTS
        self._probing = self._streak = 0

    def retry_in(self, now: float) -> float:
        """Seconds until an open circuit lets a probe through; 0 when it would now."""
        return max(0.0, self._opened_at + self._open_s - now) if self.state == "open" else 0.0

    def rate(self, now: float) -> tuple[int, float]:
        """(calls, share of them that failed) in the window that ends now."""
        self._move(now)
        bad = sum(self._bad)
        calls = bad + sum(self._good)
        return calls, bad / calls if calls else 0.0

    def _count(self, now: float, *, ok: bool) -> bool:
        self._move(now)
        counts = self._good if ok else self._bad
        counts[self._slot % SLOTS] += 1
        if ok:
            return False
        calls, rate = self.rate(now)
        if calls < self._rules.min_samples or rate < self._rules.error_rate:
            return False
        self._open(now)
        return True

    def _open(self, now: float) -> None:
        self.state = "open"
        self.opened += 1
        self._opened_at = now
        self._good, self._bad = [0] * SLOTS, [0] * SLOTS

    def _move(self, now: float) -> None:
        """Forget the parts of the window that have passed."""
        slot = int(now * SLOTS / self._rules.window_s)
        if slot == self._slot:
            return
        for passed in range(max(self._slot + 1, slot - SLOTS + 1), slot + 1):
            self._good[passed % SLOTS] = self._bad[passed % SLOTS] = 0
        self._slot = slot
