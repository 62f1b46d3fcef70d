"""The two doors to the database: a writer commits or leaves nothing, writers wait for each other, readers do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from headgate.store.engine import Database, async_url

table = sa.Table("engine_test", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.writing() as connection:
        await connection.run_sync(table.metadata.create_all)
    return database


async def add(db: Database, number: int) -> None:
    async with db.writing() as connection:
        await connection.execute(table.insert().values(n=number))


async def numbers(db: Database) -> list[int]:
    async with db.reading() as connection:
        return list((await connection.execute(sa.select(table.c.n).order_by(table.c.n))).scalars())


async def test_a_block_that_ends_is_committed(db: Database) -> None:
    await add(db, 1)

    assert await numbers(db) == [1]


async def test_a_block_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.writing() as connection:
            await connection.execute(table.insert().values(n=1))
            raise RuntimeError

    assert await numbers(db) == []


async def test_what_is_written_through_the_reading_door_is_not_kept(db: Database) -> None:
    async with db.reading() as connection:
        await connection.execute(table.insert().values(n=1))

    assert await numbers(db) == []


async def test_a_reader_goes_on_beside_an_open_writer_and_sees_only_what_is_committed(db: Database) -> None:
    async with db.writing() as connection:
        await connection.execute(table.insert().values(n=1))
        assert await asyncio.wait_for(numbers(db), 5) == []

    assert await numbers(db) == [1]


async def test_many_writers_at_once_all_get_their_turn(db: Database) -> None:
    await asyncio.gather(*(add(db, number) for number in range(40)))

    assert await numbers(db) == list(range(40))


async def test_read_then_write_in_one_transaction_never_loses_an_update(db: Database) -> None:
    """Two writers that read first: on SQLite the second begins after the first has ended; PostgreSQL locks the row."""
    await add(db, 1)

    async def double() -> None:
        async with db.writing() as connection:
            row = await connection.execute(sa.select(table.c.n).with_for_update())
            await connection.execute(table.update().values(n=row.scalar_one() + 1))

    await asyncio.gather(*(double() for _ in range(10)))

    assert await numbers(db) == [11]


async def test_sqlite_is_in_wal_mode_and_holds_foreign_keys(sqlite_url_only: Database) -> None:
    async with sqlite_url_only.reading() as connection:
        asked = [
            (await connection.execute(sa.text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]

    assert asked == ["wal", 1, 5000]


@pytest.fixture
async def sqlite_url_only(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path_factory.mktemp('db')}/a.db")
    yield opened
    await opened.dispose()


@pytest.mark.parametrize(
    ("plain", "driven"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgresql://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
    ],
)
def test_a_plain_url_gets_the_driver_we_use(plain: str, driven: str) -> None:
    assert async_url(plain) == driven
