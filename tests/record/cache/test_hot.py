"""The cache in memory and on disk: bounds in bytes, restarts, and invalidation that beats what is on its way."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.record.cache.hot import EXACT, TOOL, CacheLimits, Entry, ResponseCache, Slot
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, live_reply, make_call

pytestmark = pytest.mark.asyncio

PATIENCE_S = 20.0  # a busy machine is no failure


def entry_of(clock: FixedClock, *, body: bytes = b"{}", **fields: Any) -> Entry:
    now_s = int(clock.now())
    given = {
        "kind": EXACT,
        "tenant": "ten_a",
        "app": "app_a",
        "subject": "",
        "created_s": now_s,
        "expires_s": now_s + 60,
    } | fields
    return Entry(**given, body=body)


def key_of(number: int) -> bytes:
    return number.to_bytes(4, "little") * 8


def missed(
    clock: FixedClock, cache: ResponseCache, *, body: Any = QUESTION, key: bytes = key_of(1), **who: Any
) -> Call:
    call = make_call(body, clock=clock, **who)
    call.notes["cache.slot"] = Slot(key, b"r" * 32, cache.epoch(call.tenant), 60)
    return call


async def found(cache: ResponseCache, key: bytes, tenant: str = "ten_a") -> Entry | None:
    entry = cache.find(key)
    if entry is None and cache.may_load(key, tenant):
        entry = await cache.load(key, tenant)
    return entry


async def counted(cache: ResponseCache, tenant: str = "ten_a", app: str | None = None) -> dict[str, int]:
    return {each.kind: each.entries for each in await cache.counts(tenant, app)}


def reopened(path: Path, clock: FixedClock, **limits: int) -> ResponseCache:
    cache = ResponseCache(CacheLimits(**limits, disk_wait_s=PATIENCE_S), clock, path)
    cache.start()
    return cache


async def test_an_answer_is_kept_with_what_live_cost(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    call = missed(clock, cache)
    clock.advance(0.5)
    assert cache.keep(call, live_reply(), b'{"answer":"hello"}')
    entry = cache.find(key_of(1))
    assert entry is not None and entry.body == b'{"answer":"hello"}' and entry.plain
    assert (entry.live_pico, entry.run_id, entry.provider, entry.usage.completion_tokens) == (
        75_000_000,
        "run_1",
        "openai",
        5,
    )
    assert entry.latency_us == pytest.approx(500_000, abs=2)


@pytest.mark.parametrize("changes", [
    {"status": 500}, {"status": 429}, {"finish": "length"}, {"finish": "content_filter"},
    {"finish": "tool_calls"}, {"tool_calls": True},
    {"error_code": "provider_error"}, {"route": "exact_cache"},
])  # fmt: skip
async def test_what_must_not_be_given_again_is_not_kept(clock: FixedClock, changes: dict[str, Any]) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    assert not cache.keep(missed(clock, cache), live_reply(**changes), b"{}")
    assert cache.find(key_of(1)) is None


async def test_an_unknown_price_stays_unknown(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    cache.keep(missed(clock, cache), live_reply(cost_pico=None, price_known=False), b"{}")
    entry = cache.find(key_of(1))
    assert entry is not None and entry.live_pico is None


async def test_an_entry_ends_in_time(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    cache.put(key_of(1), entry_of(clock), epoch=0)
    clock.advance(59)
    assert cache.find(key_of(1)) is not None
    clock.advance(1)
    assert cache.find(key_of(1)) is None
    assert cache.stats()["entries"] == 0


async def test_memory_is_bounded_and_the_least_used_go_first(clock: FixedClock) -> None:
    bound = 1024 * 1024
    cache = ResponseCache(CacheLimits(memory_bytes=bound), clock)
    cache.put(key_of(0), entry_of(clock), epoch=0)
    for number in range(1, 3000):
        cache.put(
            key_of(number),
            entry_of(clock, body=bytes(number % 3000), raw_key=key_of(number + 10_000)),
            epoch=0,
        )
        assert cache.stats()["bytes"] <= bound
        assert cache.find(key_of(0)) is not None, "what is used stays"
    assert cache.find(key_of(2999)) is not None
    assert cache.find(key_of(1)) is None
    assert not cache.put(key_of(5), entry_of(clock, body=bytes(bound)), epoch=0), (
        "one entry never takes the whole room"
    )


async def test_the_bytes_that_are_counted_are_at_least_the_bytes_that_are_used(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(1500):
        call = missed(
            clock,
            cache,
            key=bytes(bytearray(key_of(number))),
            run_id=f"run_{number:026}",
            subject=f"subject {number}",
        )
        call.notes["cache.slot"] = call.notes["cache.slot"]._replace(
            raw_key=bytes(bytearray(key_of(number + 10_000)))
        )
        cache.keep(call, live_reply(usage_raw=b"%d" % number * 20), b"%d" % number * 100)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    claimed = cache.stats()["bytes"]
    assert 0.5 < used / claimed <= 1.0, (used, claimed)


async def test_a_replaced_entry_is_counted_once(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    for size in (10, 5000, 20):
        cache.put(key_of(1), entry_of(clock, body=bytes(size)), epoch=0)
    await cache.invalidate("ten_a")
    assert cache.stats()["bytes"] == 0


async def test_entries_outlive_a_restart(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock)
    call = missed(clock, cache)
    cache.keep(call, live_reply(), b'{"answer":"hello"}')
    cache.close()
    again = reopened(tmp_path / "cache.db", clock)
    entry = await found(again, key_of(1))
    assert entry is not None and entry.body == b'{"answer":"hello"}' and entry.live_pico == 75_000_000
    assert again.find(key_of(1)) is entry, "it is in memory now"
    assert again.aliased(b"r" * 32) == key_of(1)
    assert await found(again, key_of(2)) is None
    assert await counted(again) == {EXACT: 1, TOOL: 0}
    again.close()


async def test_what_memory_has_no_room_for_is_found_on_disk(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock, memory_bytes=200_000)
    for number in range(500):
        cache.put(key_of(number), entry_of(clock, body=b"%d" % number), epoch=0)
    assert cache.find(key_of(3)) is None
    entry = await found(cache, key_of(3))
    assert entry is not None and entry.body == b"3"
    assert (await counted(cache))[EXACT] == 500
    cache.close()


async def test_another_tenants_row_is_never_loaded(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock)
    cache.put(key_of(1), entry_of(clock), epoch=0)
    cache.close()
    again = reopened(tmp_path / "cache.db", clock)
    assert await found(again, key_of(1), tenant="ten_b") is None
    again.close()


async def test_a_broken_value_on_disk_is_a_miss(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock)
    cache.put(key_of(1), entry_of(clock), epoch=0)
    cache.close()
    with sqlite3.connect(tmp_path / "cache.db") as db:
        db.execute("UPDATE entries SET value = x'c1', crc = ?", (__import__("zlib").crc32(b"\xc1"),))
    db.close()
    again = reopened(tmp_path / "cache.db", clock)
    assert await found(again, key_of(1)) is None
    again.close()


async def test_a_locked_or_broken_file_never_breaks_a_call(clock: FixedClock, tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_bytes(b"no database" * 1000)
    cache = reopened(tmp_path / "cache.db", clock)
    assert cache.keep(missed(clock, cache), live_reply(), b"{}")
    assert cache.find(key_of(1)) is not None
    assert await found(cache, key_of(2)) is None
    assert (await counted(cache))[EXACT] == 1
    cache.close()


async def test_invalidation_takes_only_the_tenants_kind_and_app(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock)
    rows = [
        ("ten_a", EXACT, "app_a"),
        ("ten_a", EXACT, "app_b"),
        ("ten_a", TOOL, "app_a"),
        ("ten_b", EXACT, "app_a"),
    ]
    for number, (tenant, kind, app) in enumerate(rows):
        cache.put(key_of(number), entry_of(clock, tenant=tenant, kind=kind, app=app), epoch=0)
    assert await cache.invalidate("ten_a", kind=EXACT, app="app_a") == 1
    assert [await found(cache, key_of(n), rows[n][0]) is None for n in range(4)] == [
        True,
        False,
        False,
        False,
    ]
    assert await cache.invalidate("ten_a", kind=EXACT) == 1
    assert [await found(cache, key_of(n), rows[n][0]) is None for n in range(4)] == [True, True, False, False]
    assert await cache.invalidate("ten_a") == 1
    assert [await found(cache, key_of(n), rows[n][0]) is None for n in range(4)] == [True, True, True, False]
    cache.close()
    again = reopened(tmp_path / "cache.db", clock)
    assert [await found(again, key_of(n), rows[n][0]) is None for n in range(4)] == [True, True, True, False]
    again.close()


async def test_an_invalidation_beats_an_answer_on_its_way_in(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    theirs, ours = missed(clock, cache, tenant="ten_b", key=key_of(2)), missed(clock, cache)
    await cache.invalidate("ten_a")
    assert not cache.keep(ours, live_reply(), b"{}")
    assert cache.keep(theirs, live_reply(), b"{}"), "another tenant's answer is not touched"
    assert cache.keep(missed(clock, cache), live_reply(), b"{}"), "a call that began after it is kept"


async def test_an_invalidation_beats_a_read_from_disk(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock, memory_bytes=20_000)
    for number in range(200):
        cache.put(key_of(number), entry_of(clock), epoch=0)
    await counted(cache)
    for number in range(5):
        loading = [asyncio.ensure_future(cache.load(key_of(each), "ten_a")) for each in range(20)]
        await asyncio.sleep(0)
        removing = asyncio.ensure_future(cache.invalidate("ten_a"))
        await asyncio.sleep(0)
        assert not cache.may_load(key_of(number), "ten_a")
        assert await asyncio.gather(*loading) == [None] * 20
        await removing
        assert all(cache.find(key_of(each)) is None for each in range(200))
        for each in range(200):
            cache.put(key_of(each), entry_of(clock), epoch=cache.epoch("ten_a"))
        await counted(cache)
    cache.close()


async def test_a_subject_is_forgotten_in_memory_and_on_disk(clock: FixedClock, tmp_path: Path) -> None:
    cache = reopened(tmp_path / "cache.db", clock)
    cache.put(key_of(1), entry_of(clock, subject="erase me", body=b"MARKER-OF-THE-SUBJECT"), epoch=0)
    cache.put(key_of(2), entry_of(clock, subject="other"), epoch=0)
    assert await cache.forget_subject("ten_a", "erase me") == 1
    assert await found(cache, key_of(1)) is None
    assert await found(cache, key_of(2)) is not None
    for path in tmp_path.iterdir():
        assert b"MARKER-OF-THE-SUBJECT" not in path.read_bytes()
    cache.close()


async def test_hits_and_misses_are_counted_per_tenant_app_and_type(clock: FixedClock) -> None:
    cache = ResponseCache(CacheLimits(), clock)
    cache.tally("ten_a", "app_a", EXACT, hit=True)
    cache.tally("ten_a", "app_b", EXACT, hit=True)
    cache.tally("ten_a", "app_b", EXACT, hit=False)
    cache.tally("ten_b", "app_a", EXACT, hit=True)
    exact = next(each for each in await cache.counts("ten_a") if each.kind == EXACT)
    assert (exact.hits, exact.misses) == (2, 1)
    pinned = next(each for each in await cache.counts("ten_a", "app_a") if each.kind == EXACT)
    assert (pinned.hits, pinned.misses) == (1, 0)
