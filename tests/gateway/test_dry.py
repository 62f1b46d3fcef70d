"""What modules get while a call is explained changes nothing, and answers as the real thing would."""

from __future__ import annotations

import pytest

from headgate.call.caller import open_caller
from headgate.call.module import Tools
from headgate.call.ports import Ask
from headgate.gateway.dry import DryStore, dry_tools
from headgate.kernel.errors import Unavailable
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock

NOW = 1000.0


def test_a_limit_is_judged_and_not_used() -> None:
    store = MemoryStore()
    dry = DryStore(store)
    for _ in range(5):
        assert dry.take("k", rate_per_minute=60, burst=2, now=NOW).remaining == 1
    for _ in range(2):
        store.take("k", rate_per_minute=60, burst=2, now=NOW)

    judged = dry.take("k", rate_per_minute=60, burst=2, now=NOW)

    assert (judged.allowed, judged.retry_after_s) == (False, 1.0)
    assert store.take("k", rate_per_minute=60, burst=2, now=NOW + 1.01).allowed


async def test_nothing_is_written() -> None:
    store = MemoryStore()
    store.put("value", b"old", ttl_s=60, now=NOW)
    dry = DryStore(store)
    dry.put("value", b"new", ttl_s=60, now=NOW)
    dry.drop("value")
    await dry.put_wait("other", b"x", ttl_s=60, now=NOW)
    assert dry.add("count", 2, ttl_s=60, now=NOW) == 2
    assert await dry.add_wait("count", 2, ttl_s=60, now=NOW) == 2
    dry.charge("k", rate_per_minute=60, burst=2, now=NOW, cost=2)

    assert (store.get("value", now=NOW), store.get("other", now=NOW), store.count("count", now=NOW)) == (
        b"old",
        None,
        0,
    )
    assert dry.take("k", rate_per_minute=60, burst=2, now=NOW, cost=2).allowed


async def test_nobody_is_asked_nothing_begun_and_no_look_up_counted(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(memory_bytes=10**6, disk_bytes=0), clock)
    dry = dry_tools(Tools(clock, MemoryStore(), {"cache": cache, "other": 1}))

    async def work() -> None:
        raise AssertionError("begun")

    dry.hot["tasks"].spawn(work(), name="x")
    dry.hot["cache"].tally("t", "a", "exact", hit=True)
    with pytest.raises(Unavailable):
        await dry.hot["calls"].ask(Ask("/v1/chat/completions", open_caller(), b"{}"))

    assert dry.hot["other"] == 1
    assert cache._tallies == {}
