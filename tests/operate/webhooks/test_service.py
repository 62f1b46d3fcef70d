"""Announcing: an event is in the outbox if, and only if, what it tells of was committed; its name must be known."""

from __future__ import annotations

import pytest

from headgate.kernel import json
from headgate.kernel.clock import to_us
from headgate.kernel.ids import Ids
from headgate.operate.webhooks import queries
from headgate.operate.webhooks.events import KEY_CREATED, RUN_BLOCKED
from headgate.operate.webhooks.service import Announcement, UnknownEvent, announce, forget_before
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock


async def told(database: Database, tenant: str = "ten_a") -> list[str]:
    async with database.reading() as db:
        return [row.name for row in await queries.newest(db, tenant, 10)]


async def test_an_event_is_kept_with_its_data_for_its_tenant(database: Database, clock: FixedClock) -> None:
    async with database.writing() as db:
        await announce(db, "ten_a", Announcement.now(Ids(clock), clock, KEY_CREATED, {"id": "key_1"}))
    async with database.reading() as db:
        (row,) = await queries.newest(db, "ten_a", 10)

    assert (row.name, row.at_us, json.decode(row.data)) == (KEY_CREATED, to_us(clock.now()), {"id": "key_1"})
    assert await told(database, "ten_b") == []


async def test_what_was_not_committed_is_not_announced(database: Database, clock: FixedClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as db:
            await announce(db, "ten_a", Announcement.now(Ids(clock), clock, KEY_CREATED, {}))
            raise ZeroDivisionError

    assert await told(database) == []


async def test_a_name_nobody_knows_is_a_mistake(database: Database, clock: FixedClock) -> None:
    async with database.writing() as db:
        with pytest.raises(UnknownEvent):
            await announce(db, "ten_a", Announcement.now(Ids(clock), clock, "key.borrowed", {}))


async def test_the_oldest_are_forgotten_a_few_at_a_time(database: Database, clock: FixedClock) -> None:
    ids = Ids(clock)
    for _ in range(4):
        async with database.writing() as db:
            await announce(db, "ten_a", Announcement.now(ids, clock, RUN_BLOCKED, {}))
        clock.advance(1)
    before = to_us(clock.now()) - 1_500_000
    async with database.writing() as db:
        counts = [await forget_before(db, before, 2) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert len(await told(database)) == 1
