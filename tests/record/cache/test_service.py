"""What the room decides: which uses of a tool may be cached, for which app, and what a stuck disk means for an invalidation."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from headgate.call.caller import Caller
from headgate.kernel.errors import BadRequest, Forbidden, Unavailable
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.record.cache.service import NotReadOnly, ToolUse, app_of, check_tool, invalidate, store_tool
from headgate.testing.clock import FixedClock

CALLER = Caller("ten_a", "pk")


def use(**changes: Any) -> ToolUse:
    fields: dict[str, Any] = {
        "caller": CALLER,
        "app": "app_a",
        "subject": "s",
        "tool": "t",
        "args": {"a": 1, "b": [2]},
    } | changes
    return ToolUse(**fields)


def test_arguments_are_compared_by_value() -> None:
    assert use().key() == use(args={"b": [2], "a": 1}).key()
    assert use().key() != use(args={"a": 1, "b": ["2"]}).key()


@pytest.mark.parametrize("level", [2, 3, 4])
def test_a_tool_with_side_effects_is_never_cached(level: int) -> None:
    with pytest.raises(NotReadOnly):
        use(level=level).key()


def test_a_tool_of_level_0_or_1_or_unsaid_is_the_same_tool() -> None:
    assert use(level=0).key() == use(level=1).key() == use().key()


def test_a_pinned_key_speaks_for_its_own_app_only() -> None:
    pinned = Caller("ten_a", "pk", app_pin="app_a")
    assert app_of(pinned, "") == app_of(pinned, "app_a") == "app_a"
    assert app_of(CALLER, "app_b") == "app_b"
    with pytest.raises(Forbidden):
        app_of(pinned, "app_b")


@pytest.mark.asyncio
async def test_a_result_survives_a_restart(clock: FixedClock, tmp_path: Path) -> None:
    for found in (False, True):
        cache = ResponseCache(CacheLimits(disk_wait_s=20.0), clock, tmp_path / "cache.db")
        cache.start()
        assert await check_tool(cache, use()) == (found, {"r": 1} if found else None)
        assert store_tool(cache, use(), {"r": 1}, ttl_s=60, clock=clock)
        cache.close()


@pytest.mark.asyncio
async def test_an_unknown_type_is_refused(clock: FixedClock) -> None:
    with pytest.raises(BadRequest):
        await invalidate(ResponseCache(CacheLimits(), clock), CALLER, "som")


@pytest.mark.asyncio
async def test_with_a_stuck_disk_nothing_is_served_and_the_rows_go_later(
    clock: FixedClock, tmp_path: Path
) -> None:
    cache = ResponseCache(CacheLimits(remove_wait_s=0.2, disk_wait_s=20.0), clock, tmp_path / "cache.db")
    cache.start()
    store_tool(cache, use(), "r", ttl_s=60, clock=clock)
    assert (await cache.counts("ten_a"))[1].entries == 1
    blocker = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await invalidate(cache, CALLER, None)
    assert await check_tool(cache, use()) == (False, None)
    blocker.execute("ROLLBACK")
    blocker.close()
    cache.close()
    again = ResponseCache(CacheLimits(disk_wait_s=20.0), clock, tmp_path / "cache.db")
    again.start()
    assert await check_tool(again, use()) == (False, None)
    again.close()
