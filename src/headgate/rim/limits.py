"""The rate limit of the management API: so many requests a minute for each caller."""

from __future__ import annotations

from math import ceil

from headgate.kernel.clock import Clock
from headgate.kernel.errors import RateLimited
from headgate.rim.visit import Visit
from headgate.store.fast import FastStore

DEFAULT_PROTECTED_RPM = 300
FAMILY = "/api/"


class ManagementLimit:
    """Applied by the gatekeeper to `/api/*`. `per_minute` 0 is off."""

    def __init__(self, fast: FastStore, clock: Clock, per_minute: int) -> None:
        self._fast = fast
        self._clock = clock
        self._per_minute = per_minute

    async def check(self, visit: Visit, client: str) -> None:
        """Count the request. Leaves the state of the caller's bucket for the answer's headers. Raises RateLimited."""
        if not self._per_minute or not visit.path.startswith(FAMILY):
            return
        caller = visit.caller
        who = client if caller is None else caller.key_id or f"{caller.kind}:{caller.tenant}"
        taken = await self._fast.take_wait(
            f"api:{who}", rate_per_minute=self._per_minute, burst=self._per_minute, now=self._clock.now()
        )
        visit.extra += [
            (b"x-ratelimit-limit", b"%d" % taken.limit),
            (b"x-ratelimit-remaining", b"%d" % taken.remaining),
            (b"x-ratelimit-reset", b"%d" % ceil(taken.reset_s)),
        ]
        if not taken.allowed:
            wait = max(1, ceil(taken.retry_after_s))
            raise RateLimited(
                f"More than {self._per_minute} requests a minute; try again in {wait} s.",
                headers={"Retry-After": str(wait)}, retryAfter=wait,
            )  # fmt: skip
