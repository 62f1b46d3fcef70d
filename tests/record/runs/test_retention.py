"""Removing bodies: a portion at a time, the oldest first, and never more than was asked for."""

from __future__ import annotations

import asyncio
import os

import pytest
import sqlalchemy as sa

from headgate.kernel.ids import Ids
from headgate.record.runs import retention
from headgate.record.runs.keeping import Batch, Keeper
from headgate.record.runs.payloads import Vault
from headgate.record.runs.retention import Removed, Remover
from headgate.record.runs.tables import payloads, runs
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.store.spool.spool import Position
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed

START_US = 1_767_225_600_000_000


def _fill(url: str, clock: FixedClock, count: int) -> None:
    keeper = Keeper("spool", Vault(b"k" * 32), clock, Ids(clock))
    db = open_bulk(url)
    for number in range(count):
        run = closed(f"run_{number}", at_us=START_US + number, response=os.urandom(500))
        with db.transaction():
            keeper.keep(db, Batch(runs=[run]), Position(1, number))
    db.close()


@pytest.fixture
async def filled(database: Database, database_url: str, clock: FixedClock) -> Database:
    await asyncio.to_thread(_fill, database_url, clock, 6)
    return database


async def left(database: Database) -> list[int]:
    async with database.reading() as db:
        query = sa.select(payloads.c.at_us).where(payloads.c.data.is_not(None)).order_by(payloads.c.at_us)
        return [at_us - START_US for at_us in (await db.execute(query)).scalars()]


async def test_what_was_recorded_before_goes_and_the_runs_stay(filled: Database, clock: FixedClock) -> None:
    async with filled.writing() as db:
        removed = await Remover(Ids(clock), clock).older_than(db, START_US + 2)
        again = await Remover(Ids(clock), clock).older_than(db, START_US + 2)
        kept = (await db.execute(sa.select(sa.func.count()).select_from(runs))).scalar_one()

    assert (removed.groups, removed.runs, again, kept) == (2, 2, Removed(), 6)
    assert await left(filled) == [2, 3, 4, 5]


async def test_a_portion_is_no_larger_than_one_transaction_should_be(
    filled: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PORTION_BYTES", 700)
    async with filled.writing() as db:
        assert (await Remover(Ids(clock), clock).older_than(db, START_US + 100)).groups == 2

    assert await left(filled) == [2, 3, 4, 5]


async def test_only_the_surplus_goes(filled: Database, clock: FixedClock) -> None:
    async with filled.writing() as db:
        total = (await db.execute(sa.select(sa.func.sum(payloads.c.stored_bytes)))).scalar_one()
        removed = await Remover(Ids(clock), clock).beyond(db, int(total) - 1)
        enough = await Remover(Ids(clock), clock).beyond(db, int(total) - removed.bytes)

    assert (removed.groups, enough) == (1, Removed())
    assert await left(filled) == [1, 2, 3, 4, 5]
