"""What differs between the databases behaves the same: inserts that meet a key, text that is looked for, one snapshot."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from headgate.store.dialect import add_one, contains_text, insert_new, one_snapshot, skip_locked, upsert
from headgate.store.engine import Database

table = sa.Table(
    "dialect_test", sa.MetaData(),
    sa.Column("a", sa.Text, primary_key=True), sa.Column("b", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False), sa.Column("count", sa.BigInteger, nullable=False),
)  # fmt: skip


def row(a: str, text: str = "", count: int = 0) -> dict[str, Any]:
    return {"a": a, "b": "x", "text": text, "count": count}


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.writing() as connection:
        await connection.run_sync(table.metadata.create_all)
    return database


async def rows(db: Database, *where: sa.ColumnElement[bool]) -> list[tuple[Any, ...]]:
    async with db.reading() as connection:
        query = sa.select(table.c.a, table.c.text, table.c.count).where(*where).order_by(table.c.a)
        return [tuple(each) for each in await connection.execute(query)]


async def test_rows_that_are_there_already_stay_as_they_are(db: Database) -> None:
    async with db.writing() as connection:
        await insert_new(connection, table, [row("1", "old")])
        await insert_new(connection, table, [row("1", "new"), row("2", "new")])
        await insert_new(connection, table, [])

    assert await rows(db) == [("1", "old", 0), ("2", "new", 0)]


async def test_an_upsert_changes_the_row_with_its_key_and_no_other(db: Database) -> None:
    async with db.writing() as connection:
        for given in (row("1", "old", 1), row("2", "other", 2), row("1", "new", 3)):
            await upsert(connection, table, given, key=("a", "b"))

    assert await rows(db) == [("1", "new", 3), ("2", "other", 2)]


async def test_add_one_counts_from_what_was_given_first(db: Database) -> None:
    async with db.writing() as connection:
        for text in ("one", "two", "three"):
            await add_one(connection, table, row("1", text, 5), key=("a", "b"), counter="count")

    assert await rows(db) == [("1", "three", 7)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HELLO", ["1"]),
        ("100%", ["2"]),
        ("%", ["2"]),
        ("a_b", ["3"]),
        ("axb", ["4"]),
        ("\\", ["5"]),
        ("none", []),
    ],
)
async def test_text_is_found_in_any_case_and_signs_mean_themselves(
    db: Database, text: str, found: list[str]
) -> None:
    texts = ["say Hello there", "is 100% sure", "a_b", "axb", "back\\slash"]
    async with db.writing() as connection:
        await insert_new(connection, table, [row(str(n), each) for n, each in enumerate(texts, 1)])

    assert [each[0] for each in await rows(db, contains_text(table.c.text, text))] == found


async def test_rows_that_another_holds_are_passed_over(db: Database) -> None:
    async with db.writing() as connection:
        await insert_new(connection, table, [row("1"), row("2")])
    first = sa.select(table.c.a).order_by(table.c.a).limit(1)
    async with db.writing() as holder:
        held = (await holder.execute(skip_locked(first, holder))).scalar_one()
        if db.is_sqlite:
            assert held == "1"  # one writer at a time: nobody else can hold a row
            return
        async with db.writing() as other:
            assert (await other.execute(skip_locked(first, other))).scalar_one() == "2"


async def test_one_snapshot_does_not_see_what_is_written_meanwhile(db: Database) -> None:
    async with db.reading() as reader:
        await one_snapshot(reader)
        count = sa.select(sa.func.count()).select_from(table)
        before = (await reader.execute(count)).scalar_one()
        async with db.writing() as connection:
            await insert_new(connection, table, [row("1")])
        after = (await reader.execute(count)).scalar_one()

    assert (before, after) == (0, 0)
    assert len(await rows(db)) == 1
