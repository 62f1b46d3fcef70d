"""Bringing the main database to this program's schema: forward only, one program at a time, never an older one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] it ships none
import sqlalchemy as sa

from headgate.store.engine import Database, async_url

# every schema there ever was, oldest first; the last is ours
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
HEAD = REVISIONS[-1]
SCRIPTS = Path(__file__).parent / "migrations"
LOCK_ID = 0x4845_4144_4741_5445  # "HEADGATE": the advisory lock of whoever migrates a PostgreSQL database
CONNECT_TIMEOUT_S = 10
SELECT_VERSION = "SELECT version_num FROM alembic_version"


class SchemaTooNew(RuntimeError):
    """The database was written by a newer Headgate. This one would not understand it."""


def migrate(url: str) -> None:
    """Bring the database at `url` up to date; makes a new one whole. Call it before anything else opens it, and never
    from inside an event loop. Raises SchemaTooNew."""
    full = async_url(url)
    found = current_revision(full)
    if found == HEAD:
        return
    if found is not None and found not in REVISIONS:
        raise SchemaTooNew(
            f"The database has schema {found}, which is newer than {HEAD}, the newest this Headgate knows. "
            "Start the version that wrote it, or restore the backup made before the upgrade."
        )
    asyncio.run(_upgrade(full))


def current_revision(url: str) -> str | None:
    """The schema a database has; None when it is new. Does not need alembic, so that a usual start is fast."""
    full = async_url(url)
    if full.startswith("sqlite"):
        return _sqlite_revision(Path(sa.make_url(full).database or ""))
    return asyncio.run(_postgres_revision(full.replace("+asyncpg", "")))


def _sqlite_revision(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            row = connection.execute(SELECT_VERSION).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
    return None if row is None else str(row[0])


async def _postgres_revision(url: str) -> str | None:
    connect = cast(Any, asyncpg).connect  # the package has no types
    connection = await connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        found = await connection.fetchval(SELECT_VERSION)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return None if found is None else str(found)


def _prepare_file(path: Path) -> None:
    """What people said will be in it, so it is its owner's only; SQLite gives its side files the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


async def _upgrade(url: str) -> None:
    if url.startswith("sqlite"):
        _prepare_file(Path(sa.make_url(url).database or ""))
    database = Database(
        url
    )  # its writers begin at once, so that DDL is part of the transaction on SQLite too
    try:
        async with database.writing() as db:
            await db.run_sync(_run)
    finally:
        await database.dispose()


def _run(connection: sa.Connection) -> None:
    """All migrations that are missing, in the one transaction of `connection`."""
    from alembic import command  # heavy, and needed only when something is to be done
    from alembic.config import Config

    with _alone(connection):
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _alone(connection: sa.Connection) -> Generator[None, None, None]:
    """PostgreSQL: until the transaction ends, nobody else migrates. A SQLite folder is locked by its gateway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_ID)))
    yield
