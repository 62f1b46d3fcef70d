"""The few places where SQLite and PostgreSQL differ, as functions. Nothing else in the project asks which one it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def _insert(db: AsyncConnection, table: sa.Table) -> Any:
    return sqlite.insert(table) if db.dialect.name == "sqlite" else postgresql.insert(table)


async def insert_new(db: AsyncConnection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`; rows whose key is already there are left as they are."""
    if rows:
        await db.execute(_insert(db, table).on_conflict_do_nothing(), list(rows))


async def insert_one(db: AsyncConnection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Insert `row`; False, and nothing changed, when its key is there already."""
    return (await db.execute(_insert(db, table).values(**row).on_conflict_do_nothing())).rowcount > 0


async def upsert(db: AsyncConnection, table: sa.Table, row: Mapping[str, Any], *, key: Sequence[str]) -> None:
    """Insert `row`, or change the row with the same `key` columns to it."""
    statement = _insert(db, table).values(**row)
    changes = {name: statement.excluded[name] for name in row if name not in key}
    await db.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))


async def add_one(
    db: AsyncConnection, table: sa.Table, row: Mapping[str, Any], *, key: Sequence[str], counter: str
) -> None:
    """Insert `row`; if its `key` is there already, change the row to it and add one to its `counter`."""
    statement = _insert(db, table).values(**row)
    changes = {name: statement.excluded[name] for name in row if name not in key}
    changes[counter] = table.c[counter] + 1
    await db.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))


def contains_text(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """Case-insensitive substring match; `%` and `_` in `text` are ordinary characters."""
    return column.icontains(text, autoescape=True)


def skip_locked(statement: sa.Select[Any], db: AsyncConnection) -> sa.Select[Any]:
    """Lock the chosen rows and pass over rows that someone else holds. SQLite has one writer and needs neither."""
    return statement if db.dialect.name == "sqlite" else statement.with_for_update(skip_locked=True)


async def one_snapshot(db: AsyncConnection) -> None:
    """From here on this transaction sees one state of the database. First statement of it. SQLite does so anyway."""
    if db.dialect.name != "sqlite":
        level = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # noqa: TID251 - SQLAlchemy has no words for it
        await db.execute(level)
