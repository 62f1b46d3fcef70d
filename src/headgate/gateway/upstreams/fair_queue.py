"""Waiting for room at a provider, fairly: callers take turns, whoever asks most waits behind its own calls."""

from __future__ import annotations

import asyncio
from collections import deque

from headgate.call.policy import QueueTerms
from headgate.kernel.errors import RateLimited


class _Waiter:
    __slots__ = ("granted", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class FairQueue:
    """Those who wait for one provider, in a lane for each caller. Bounded in number, bytes and time."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._lanes: dict[str, deque[_Waiter]] = {}
        self.waiting = 0
        self.bytes = 0

    async def wait(self, lane: str, size: int, terms: QueueTerms, within_s: float) -> None:
        """Until it is this call's turn, which it then has for sure. Raises RateLimited when the bounds are reached."""
        if self.waiting >= terms.max_waiting or self.bytes + size > terms.max_bytes:
            raise self._refusal("the queue for it is full")
        waiter = _Waiter(size)
        self._lanes.setdefault(lane, deque()).append(waiter)
        self.waiting += 1
        self.bytes += size
        try:
            async with asyncio.timeout(min(terms.wait_s, within_s)):
                await waiter.granted
        except (TimeoutError, asyncio.CancelledError) as error:
            if waiter.granted.done() and not waiter.granted.cancelled():
                self.on_unused()  # the turn came in the same moment: somebody else has it
            else:
                self._drop(lane, waiter)
            if isinstance(error, TimeoutError):
                raise self._refusal("no room came free in time") from error
            raise

    def grant(self) -> bool:
        """There is room for one more: the first of the next lane has it. False when nobody waits."""
        while self._lanes:
            lane, waiters = next(iter(self._lanes.items()))
            del self._lanes[lane]
            waiter = waiters.popleft()
            if waiters:
                self._lanes[lane] = waiters  # behind all others
            self.waiting -= 1
            self.bytes -= waiter.size
            if not waiter.granted.done():
                waiter.granted.set_result(None)
                return True
        return False

    def on_unused(self) -> None:
        """A turn that was given is not taken. Whoever owns the queue says what becomes of it."""

    def _drop(self, lane: str, waiter: _Waiter) -> None:
        waiters = self._lanes.get(lane)
        if waiters is None or waiter not in waiters:
            return
        waiters.remove(waiter)
        if not waiters:
            del self._lanes[lane]
        self.waiting -= 1
        self.bytes -= waiter.size

    def _refusal(self, why: str) -> RateLimited:
        return RateLimited(
            f"The provider {self._provider} takes no more calls at this moment, and {why}.",
            headers={"Retry-After": "1"},
            provider=self._provider,
        )
