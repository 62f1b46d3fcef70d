"""Shared fast state: rate limits (GCRA), counters and small values with a time to live. In memory here; a store that
several gateways share has the same face, says `is_remote`, and is reached through the `_wait` twins only."""

from __future__ import annotations

import heapq
import math
from typing import Generic, NamedTuple, Protocol, TypeVar

Value = TypeVar("Value")

NS = 1_000_000_000
MINUTE_NS = 60 * NS
ENTRY_BYTES = 240  # what an entry costs in memory beside its key and value
DEFAULT_MAX_BYTES = 32 * 1024 * 1024
ROOM_AFTER_EVICTION = 0.9


class Taken(NamedTuple):
    """The outcome of one `take`. `reset_s`: until the whole burst is back; `retry_after_s`: until this would pass."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: float
    retry_after_s: float


class FastStats(NamedTuple):
    """How full the store is. `forgiven` limits and counters were dropped for want of room before they ran out."""

    entries: int
    bytes: int
    forgiven: int
    evicted: int


class FastStore(Protocol):
    """`now` is wall time in seconds, so that several machines agree on it.

    When `is_remote`, the plain methods must not be called: a module says so in `must_wait` and awaits the twin in
    `wait_request`, with a deadline. When it is not, both do the same.
    """

    @property
    def is_remote(self) -> bool: ...

    def take(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int = 1) -> Taken: ...
    def charge(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int) -> None: ...
    def add(self, key: str, amount: int, *, ttl_s: float, now: float) -> int: ...
    def count(self, key: str, *, now: float) -> int: ...
    def put(self, key: str, value: bytes, *, ttl_s: float, now: float) -> None: ...
    def get(self, key: str, *, now: float) -> bytes | None: ...
    def drop(self, key: str) -> None: ...

    async def take_wait(
        self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int = 1
    ) -> Taken: ...
    async def charge_wait(
        self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int
    ) -> None: ...
    async def add_wait(self, key: str, amount: int, *, ttl_s: float, now: float) -> int: ...
    async def count_wait(self, key: str, *, now: float) -> int: ...
    async def put_wait(self, key: str, value: bytes, *, ttl_s: float, now: float) -> None: ...
    async def get_wait(self, key: str, *, now: float) -> bytes | None: ...
    async def drop_wait(self, key: str) -> None: ...

    def stats(self) -> FastStats: ...


class _Shelf(Generic[Value]):
    """A dict of values that expire, bounded in bytes. What is past its time goes first, then what ends soonest."""

    def __init__(self, max_bytes: int) -> None:
        self.items: dict[str, tuple[int, Value]] = {}  # key -> (expires at, in ns; value)
        self.bytes = 0
        self.lost = 0  # entries dropped before their time
        self._max_bytes = max_bytes

    def live(self, key: str, now_ns: int) -> tuple[int, Value] | None:
        item = self.items.get(key)
        return item if item is not None and item[0] > now_ns else None

    def put(self, key: str, item: tuple[int, Value], *, size: int, now_ns: int) -> None:
        """Keep `item`; `size` is how many bytes its value has more than the one it replaces."""
        if key not in self.items:
            self.bytes += ENTRY_BYTES + len(key)
        self.bytes += size
        self.items[key] = item
        if self.bytes > self._max_bytes:
            self._make_room(now_ns)

    def drop(self, key: str) -> None:
        if (item := self.items.pop(key, None)) is not None:
            self.bytes -= self._size(key, item)

    def _size(self, key: str, item: tuple[int, Value]) -> int:
        value = item[1]
        return ENTRY_BYTES + len(key) + (len(value) if isinstance(value, bytes) else 0)

    def _make_room(self, now_ns: int) -> None:
        for key in [key for key, item in self.items.items() if item[0] <= now_ns]:
            self.drop(key)
        goal = int(self._max_bytes * ROOM_AFTER_EVICTION)
        while self.bytes > goal and self.items:
            share = max(1, len(self.items) // 10)
            for key, _ in heapq.nsmallest(share, self.items.items(), key=lambda pair: pair[1][0]):
                self.drop(key)
                self.lost += 1


class MemoryStore:
    """The fast store of a single gateway process."""

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        share = max_bytes // 3
        self._limits: _Shelf[None] = _Shelf(share)
        self._counters: _Shelf[int] = _Shelf(share)
        self._values: _Shelf[bytes] = _Shelf(share)

    @property
    def is_remote(self) -> bool:
        return False

    def take(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int = 1) -> Taken:
        """Generic cell rate algorithm: `burst` at once, then `rate_per_minute`, spread evenly.

        All that is kept of a key is the moment at which its burst is whole again. A refusal takes nothing.
        """
        step = -(
            -MINUTE_NS // rate_per_minute
        )  # whole nanoseconds per token, rounded up: never more than the rate
        span = step * burst
        now_ns = int(now * NS)
        item = self._limits.items.get(key)
        full_at = (
            now_ns if item is None or item[0] < now_ns else min(item[0], now_ns + span)
        )  # a clock set back locks nobody out
        later = full_at + step * cost
        room = now_ns + span - later
        if room < 0:
            left = (now_ns + span - full_at) // step
            return Taken(
                False, burst, left, (full_at - now_ns) / NS, -room / NS if cost <= burst else math.inf
            )
        if cost:
            self._limits.put(key, (later, None), size=0, now_ns=now_ns)
        return Taken(True, burst, room // step, (later - now_ns) / NS, 0.0)

    def charge(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int) -> None:
        """Take `cost` whatever is left, at most down to an empty burst; a negative `cost` is given back."""
        step = -(-MINUTE_NS // rate_per_minute)
        now_ns = int(now * NS)
        item = self._limits.items.get(key)
        full_at = now_ns if item is None or item[0] < now_ns else item[0]
        later = min(full_at + step * cost, now_ns + step * burst)
        self._limits.put(key, (later, None), size=0, now_ns=now_ns)

    def add(self, key: str, amount: int, *, ttl_s: float, now: float) -> int:
        """Add to a counter and return it. It ends `ttl_s` after its first addition."""
        now_ns = int(now * NS)
        item = self._counters.live(key, now_ns)
        ends, total = (now_ns + int(ttl_s * NS), amount) if item is None else (item[0], item[1] + amount)
        self._counters.put(key, (ends, total), size=0, now_ns=now_ns)
        return total

    def count(self, key: str, *, now: float) -> int:
        item = self._counters.live(key, int(now * NS))
        return 0 if item is None else item[1]

    def put(self, key: str, value: bytes, *, ttl_s: float, now: float) -> None:
        now_ns = int(now * NS)
        old = self._values.items.get(key)
        size = len(value) - (0 if old is None else len(old[1]))
        self._values.put(key, (now_ns + int(ttl_s * NS), value), size=size, now_ns=now_ns)

    def get(self, key: str, *, now: float) -> bytes | None:
        item = self._values.live(key, int(now * NS))
        return None if item is None else item[1]

    def drop(self, key: str) -> None:
        """Forget a counter and a value. A limit is never dropped by hand."""
        self._counters.drop(key)
        self._values.drop(key)

    async def take_wait(
        self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int = 1
    ) -> Taken:
        return self.take(key, rate_per_minute=rate_per_minute, burst=burst, now=now, cost=cost)

    async def charge_wait(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int) -> None:
        self.charge(key, rate_per_minute=rate_per_minute, burst=burst, now=now, cost=cost)

    async def add_wait(self, key: str, amount: int, *, ttl_s: float, now: float) -> int:
        return self.add(key, amount, ttl_s=ttl_s, now=now)

    async def count_wait(self, key: str, *, now: float) -> int:
        return self.count(key, now=now)

    async def put_wait(self, key: str, value: bytes, *, ttl_s: float, now: float) -> None:
        self.put(key, value, ttl_s=ttl_s, now=now)

    async def get_wait(self, key: str, *, now: float) -> bytes | None:
        return self.get(key, now=now)

    async def drop_wait(self, key: str) -> None:
        self.drop(key)

    def stats(self) -> FastStats:
        shelves = (self._limits, self._counters, self._values)
        return FastStats(
            sum(len(shelf.items) for shelf in shelves), sum(shelf.bytes for shelf in shelves),
            self._limits.lost + self._counters.lost, self._values.lost,
        )  # fmt: skip
