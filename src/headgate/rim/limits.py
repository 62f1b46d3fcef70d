"""The rate limit of the management API: so many requests a minute for each caller, by the generic cell rate algorithm."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from headgate.kernel.clock import Clock
from headgate.kernel.errors import RateLimited
from headgate.rim.visit import Visit

DEFAULT_PROTECTED_RPM = 300
MAX_CALLERS = 50_000  # whoever was not seen longest is forgotten first; his bucket was full long ago


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking one token."""

    allowed: bool
    remaining: int
    retry_s: float  # until the next token is there; 0 when this one was
    reset_s: float  # until the bucket is full again


class Buckets:
    """One bucket for each caller, in memory: `per_minute` tokens deep, filled evenly."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._step_s = 60 / per_minute
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str) -> Taken:
        now = self._clock.monotonic()
        full_at = max(self._full_at.get(key, now), now)
        after = full_at + self._step_s
        if after - now > 60.000001:  # a hair more than a minute: sums of steps are not exact
            return Taken(False, 0, after - now - 60, full_at - now)
        self._full_at[key] = after
        self._full_at.move_to_end(key)
        if len(self._full_at) > MAX_CALLERS:
            self._full_at.popitem(last=False)
        return Taken(True, int((60 - (after - now)) / self._step_s + 1e-6), 0.0, after - now)


class ManagementLimit:
    """Applied by the gatekeeper to `/api/*`. `per_minute` 0 is off."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets = Buckets(clock, per_minute) if per_minute else None

    def check(self, visit: Visit, client: str) -> None:
        """Count the request. Raises RateLimited; else leaves the state of the bucket for the answer's headers."""
        if self._buckets is None or not visit.path.startswith("/api/"):
            return
        caller = visit.caller
        taken = self._buckets.take(client if caller is None else caller.key_id or f"{caller.kind}:{caller.tenant}")
        visit.extra += [
            (b"x-ratelimit-limit", b"%d" % self._per_minute),
            (b"x-ratelimit-remaining", b"%d" % taken.remaining),
            (b"x-ratelimit-reset", b"%d" % ceil(taken.reset_s)),
        ]
        if not taken.allowed:
            wait = max(1, ceil(taken.retry_s))
            raise RateLimited(
                f"More than {self._per_minute} requests a minute; try again in {wait} s.",
                headers={"Retry-After": str(wait)}, retryAfter=wait,
            )  # fmt: skip
