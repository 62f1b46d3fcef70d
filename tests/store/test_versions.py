"""Versions of the plane's parts: counted in the writer's transaction, found by the poll."""

from __future__ import annotations

import pytest

from headgate.store import versions
from headgate.store.engine import Database


@pytest.mark.asyncio
async def test_each_change_raises_the_version_of_its_part_and_tenant_only(database: Database) -> None:
    async with database.writing() as db:
        await versions.bump(db, "keys", "ten_a", now_us=10)
        await versions.bump(db, "keys", "ten_b", now_us=10)
    async with database.writing() as db:
        await versions.bump_all(db, ["keys", "modules", "keys"], "ten_a", now_us=20)
    async with database.reading() as db:
        assert await versions.version_of(db, "keys", "ten_a") == 2
        assert await versions.version_of(db, "keys", "ten_b") == 1
        assert await versions.version_of(db, "modules", "ten_a") == 1
        assert await versions.version_of(db, "modules", "ten_b") == 0
        assert await versions.changed_since(db, 20) == {("keys", "ten_a"): 2, ("modules", "ten_a"): 1}


@pytest.mark.asyncio
async def test_a_change_that_is_rolled_back_is_not_counted(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as db:
            await versions.bump(db, "keys", "ten_a", now_us=10)
            raise ZeroDivisionError
    async with database.reading() as db:
        assert await versions.version_of(db, "keys", "ten_a") == 0
