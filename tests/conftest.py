"""Fixtures for the whole tree: a database of each kind with all tables, a clock that stands still, a house of services."""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from headgate.kernel.logging import configure
from headgate.schema import all_tables
from headgate.store.engine import Database, async_url
from headgate.testing.clock import FixedClock
from headgate.testing.house import House, build_house
from headgate.testing.postgres import cluster, find_binaries

POSTGRES_URL = "HEADGATE_TEST_POSTGRES_URL"
TEMPLATE = "headgate_template"


def pytest_configure() -> None:
    """Log as a server does: JSON lines, and no rendering of tracebacks that takes seconds."""
    configure(json_lines=True)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The maintenance database of a PostgreSQL server: the one named in the environment, else a cluster of our own."""
    if url := os.environ.get(POSTGRES_URL):
        yield url
        return
    binaries = find_binaries()
    if binaries is None:
        why = f"no PostgreSQL: set {POSTGRES_URL} or install the server's binaries"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with cluster(binaries) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with all tables, to be copied for each test."""
    name = f"{TEMPLATE}_{secrets.token_hex(4)}"
    asyncio.run(execute(postgres_url, f'CREATE DATABASE "{name}"'))
    asyncio.run(_create_tables(with_name(postgres_url, name)))
    yield name
    asyncio.run(execute(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied for each test."""
    path = tmp_path_factory.mktemp("template") / "headgate.db"
    asyncio.run(_create_tables(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with all tables, once for each kind of database."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = tmp_path / "headgate.db"
        with sqlite3.connect(template) as source, sqlite3.connect(path) as copy:
            source.backup(copy)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres_url")
    template_name: str = request.getfixturevalue("postgres_template")
    name = f"headgate_test_{secrets.token_hex(6)}"
    asyncio.run(execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template_name}"'))
    yield with_name(server, name)
    asyncio.run(execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh main database with all tables; every test that takes it runs on SQLite and on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    await opened.dispose()


@pytest_asyncio.fixture
async def house(database: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[House]:
    """Services with real parts on `database`, the default tenant seeded; `house.open()` gives an HTTP client."""
    built = await build_house(database, clock, tmp_path / "house")
    yield built
    await built.close()


def with_name(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(async_url(url).replace("+asyncpg", ""), timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _create_tables(url: str) -> None:
    opened = Database(url)
    async with opened.writing() as db:
        await db.run_sync(all_tables().create_all)
    await opened.dispose()
