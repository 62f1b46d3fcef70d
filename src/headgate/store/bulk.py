"""The bulk writer's door to the database: blocking, on one thread, the same statements on SQLite and PostgreSQL.

Statements use `?` for values. Whoever calls works in `transaction()` and may repeat it as a whole when it raises.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import asyncpg  # pyright: ignore[reportMissingTypeStubs] it ships none
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from headgate.store.engine import PG_SETTINGS

Row = Sequence[Any]
SQLITE_VALUES = 30_000  # SQLite takes 32,766 values in one statement
TOGETHER = (128, 16)  # rows in one statement: few sizes, since each is prepared once
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "wal_autocheckpoint=4000",
    "temp_store=MEMORY",
    "cache_size=-16000",
)
BUSY_MS = 1000

DatabaseTrouble = (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a database that is locked, slow, full or gone raises."""


class Bulk(Protocol):
    """One connection of the bulk writer."""

    def transaction(self) -> Any: ...

    def durable(self) -> None:
        """Make every commit so far survive a power cut."""
        ...

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> int:
        """Insert whole rows; those whose key is there already are left alone. Returns how many are new."""
        ...

    def update(self, table: sa.Table, key: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Set `columns` of the rows whose `key` is the first value of each of `rows`."""
        ...

    def run(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]: ...

    def close(self) -> None: ...


def open_bulk(url: str) -> Bulk:
    """Connect to the main database at `url` (as in the settings)."""
    return SqliteBulk(url.partition("///")[2]) if url.startswith("sqlite") else PostgresBulk(url)


class SqliteBulk:
    """Many rows a statement, so that the interpreter is handed over seldom."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000, cached_statements=64
        )
        for pragma in PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")

    @contextmanager
    def transaction(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._commit()

    def _commit(self) -> None:
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def durable(self) -> None:
        self._db.execute("PRAGMA synchronous=FULL")
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            self._db.execute("PRAGMA synchronous=NORMAL")

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> int:
        new = at = 0
        for size in TOGETHER:
            while len(rows) - at >= size and size * len(table.columns) <= SQLITE_VALUES:
                values = list(chain.from_iterable(rows[at : at + size]))
                new += self._db.execute(_sqlite_insert(table, size), values).rowcount
                at += size
        if at < len(rows):
            new += self._db.executemany(_sqlite_insert(table, 1), rows[at:]).rowcount
        return new

    def update(self, table: sa.Table, key: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        sets = ", ".join(f"{column} = ?{number}" for number, column in enumerate(columns, 2))
        self._db.executemany(f"UPDATE {table.name} SET {sets} WHERE {key} = ?1", rows)

    def run(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(statement, values).fetchall()

    def close(self) -> None:
        self._db.close()


@lru_cache(maxsize=256)
def _sqlite_insert(table: sa.Table, count: int) -> str:
    row = "(" + ",".join("?" * len(table.columns)) + ")"
    return f"INSERT OR IGNORE INTO {table.name} VALUES {','.join([row] * count)}"


class PostgresBulk:
    """asyncpg on a loop of its own, run by the thread that calls."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        plain = "postgresql://" + url.partition("://")[2]
        connect: Any = asyncpg.connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] untyped
        self._db: Any = self._wait(connect(plain, timeout=5, command_timeout=60, server_settings=PG_SETTINGS))

    def _wait(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    @contextmanager
    def transaction(self) -> Generator[None]:
        transaction = self._db.transaction()
        self._wait(transaction.start())
        try:
            yield
        except BaseException:
            if not self._db.is_closed():
                self._wait(transaction.rollback())
            raise
        self._wait(transaction.commit())

    def durable(self) -> None:
        """PostgreSQL's own commits are durable."""

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        return int(
            self._wait(self._db.execute(_postgres_insert(table), *zip(*rows, strict=True))).rpartition(" ")[2]
        )

    def update(self, table: sa.Table, key: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            self._wait(
                self._db.execute(_postgres_update(table, key, tuple(columns)), *zip(*rows, strict=True))
            )

    def run(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._wait(self._db.fetch(_numbered(statement), *values))]

    def close(self) -> None:
        try:
            if not self._db.is_closed():
                self._wait(self._db.close(timeout=2))
        except DatabaseTrouble:
            self._db.terminate()
        finally:
            self._loop.close()


@lru_cache(maxsize=256)
def _postgres_insert(table: sa.Table) -> str:
    dialect = postgresql.dialect()
    names = ", ".join(column.name for column in table.columns)
    arrays = ", ".join(
        f"${number}::{_array_type(column.type.compile(dialect))}"
        for number, column in enumerate(table.columns, 1)
    )
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"


@lru_cache(maxsize=64)
def _postgres_update(table: sa.Table, key: str, columns: tuple[str, ...]) -> str:
    dialect = postgresql.dialect()
    arrays = ", ".join(
        f"${number}::{_array_type(table.columns[name].type.compile(dialect))}"
        for number, name in enumerate((key, *columns), 1)
    )
    sets = ", ".join(f"{column} = new.{column}" for column in columns)
    names = ", ".join((key, *columns))
    return f"UPDATE {table.name} SET {sets} FROM unnest({arrays}) AS new ({names}) WHERE {table.name}.{key} = new.{key}"


def _array_type(name: str) -> str:
    return f"{name.partition('(')[0]}[]"


@lru_cache(maxsize=256)
def _numbered(statement: str) -> str:
    """`?` as `$1`, `$2`, ... as PostgreSQL wants it."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
