"""What modules are given while a call is only explained: they can look at everything, and change nothing."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, cast

from headgate.call.call import Call, Reply
from headgate.call.module import Tools
from headgate.call.ports import Answer, Ask
from headgate.kernel.errors import Unavailable
from headgate.record.cache.hot import Entry, ResponseCache
from headgate.store.fast import FastStats, FastStore, Taken


class DryStore:
    """The fast store as it is. Nothing is taken from it, and nothing put into it."""

    def __init__(self, store: FastStore) -> None:
        self._store = store

    @property
    def is_remote(self) -> bool:
        return self._store.is_remote

    def take(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int = 1) -> Taken:
        return _as_if(
            self._store.take(key, rate_per_minute=rate_per_minute, burst=burst, now=now, cost=0),
            rate_per_minute,
            cost,
        )

    async def take_wait(
        self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int = 1
    ) -> Taken:
        found = await self._store.take_wait(
            key, rate_per_minute=rate_per_minute, burst=burst, now=now, cost=0
        )
        return _as_if(found, rate_per_minute, cost)

    def charge(self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int) -> None: ...

    async def charge_wait(
        self, key: str, *, rate_per_minute: int, burst: int, now: float, cost: int
    ) -> None: ...

    def add(self, key: str, amount: int, *, ttl_s: float, now: float) -> int:
        return self._store.count(key, now=now) + amount

    async def add_wait(self, key: str, amount: int, *, ttl_s: float, now: float) -> int:
        return await self._store.count_wait(key, now=now) + amount

    def count(self, key: str, *, now: float) -> int:
        return self._store.count(key, now=now)

    async def count_wait(self, key: str, *, now: float) -> int:
        return await self._store.count_wait(key, now=now)

    def put(self, key: str, value: bytes, *, ttl_s: float, now: float) -> None: ...

    async def put_wait(self, key: str, value: bytes, *, ttl_s: float, now: float) -> None: ...

    def get(self, key: str, *, now: float) -> bytes | None:
        return self._store.get(key, now=now)

    async def get_wait(self, key: str, *, now: float) -> bytes | None:
        return await self._store.get_wait(key, now=now)

    def drop(self, key: str) -> None: ...

    async def drop_wait(self, key: str) -> None: ...

    def stats(self) -> FastStats:
        return self._store.stats()


def _as_if(found: Taken, rate_per_minute: int, cost: int) -> Taken:
    """`found` before anything was taken, as it would be if `cost` were."""
    left = found.remaining - cost
    if left >= 0:
        return Taken(True, found.limit, left, found.reset_s, 0.0)
    return Taken(False, found.limit, found.remaining, found.reset_s, -left * 60.0 / rate_per_minute)


class DryCache:
    """The response cache, looked at: no look-up is counted and nothing stored."""

    def __init__(self, cache: ResponseCache) -> None:
        self.aliased = cache.aliased
        self.find = cache.find
        self.may_load = cache.may_load
        self.epoch = cache.epoch
        self._cache = cache

    async def load(self, key: bytes, tenant: str) -> Entry | None:
        return await self._cache.load(key, tenant)

    def alias(self, raw: bytes, key: bytes) -> None: ...

    def tally(self, tenant: str, app: str, kind: str, *, hit: bool) -> None: ...

    def keep(self, call: Call, reply: Reply, body: bytes) -> bool:
        return False


class DryTasks:
    """Nothing is begun."""

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> None:
        work.close()


class DryCalls:
    """Nobody is asked."""

    async def ask(self, ask: Ask) -> Answer:
        raise Unavailable("Nobody is asked while a call is only explained.")


def dry_tools(tools: Tools) -> Tools:
    """`tools` for looking only."""
    hot = {**tools.hot, "tasks": DryTasks(), "calls": DryCalls()}
    if "cache" in hot:
        hot["cache"] = DryCache(cast(ResponseCache, hot["cache"]))
    return Tools(tools.clock, DryStore(cast(FastStore, tools.fast)), hot)
