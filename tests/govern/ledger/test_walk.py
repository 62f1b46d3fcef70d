"""Walking a chain against its checkpoints: how far they reach is told, and one that was forged is found."""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa

from headgate.govern.ledger.tables import ledger_checkpoints
from headgate.govern.ledger.walk import Marks, verify
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from tests.govern.ledger.test_checkpoints import Office


async def test_rows_behind_the_last_checkpoint_are_vouched_for_by_the_chain_alone(
    database: Database, database_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    office = Office(database_url, tmp_path, clock)
    await asyncio.to_thread(office.add, 100)
    await asyncio.to_thread(office.add, 20)
    async with database.reading() as db:
        with_marks = await verify(db, "ten_a", Marks.of(tmp_path))
        without = await verify(db, "ten_a")

    assert (with_marks.ok, with_marks.rows, with_marks.anchored, with_marks.checkpoints) == (
        True,
        120,
        100,
        2,
    )
    assert (without.ok, without.anchored) == (True, 0)


async def test_a_forged_checkpoint_is_found(
    database: Database, database_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    office = Office(database_url, tmp_path, clock)
    for _ in range(2):
        await asyncio.to_thread(office.add, 100)
    async with database.writing() as db:
        forged = (
            sa.update(ledger_checkpoints).where(ledger_checkpoints.c.size == 200).values(signature=bytes(64))
        )
        await db.execute(forged)
    async with database.reading() as db:
        verdict = await verify(db, "ten_a", Marks.of(tmp_path))

    assert (verdict.ok, verdict.first_bad, verdict.anchored) == (False, (101, ""), 100)


def test_nothing_was_signed_in_a_new_folder(tmp_path: Path) -> None:
    assert Marks.of(tmp_path) is None
