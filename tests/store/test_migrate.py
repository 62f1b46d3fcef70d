"""Migrations: a new database gets exactly the tables of the rooms, on SQLite and PostgreSQL; an older program keeps off."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from headgate.schema import all_tables
from headgate.store.engine import Database
from headgate.store.migrate import (
    HEAD,
    REVISIONS,
    SCRIPTS,
    SchemaTooNew,
    current_revision,
    migrate,
)
from tests.conftest import execute, with_name


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new/headgate.db"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"headgate_empty_{secrets.token_hex(6)}"
    asyncio.run(execute(server, f'CREATE DATABASE "{name}"'))
    yield with_name(server, name)
    asyncio.run(execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def test_a_new_database_file_is_its_owners_only_whatever_the_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    migrate(f"sqlite:///{tmp_path}/headgate.db")

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}


def test_a_new_database_gets_exactly_the_tables_of_the_rooms(empty_url: str) -> None:
    tables = all_tables()
    migrate(empty_url)
    migrate(empty_url)

    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, tables))

    async def look() -> list[object]:
        database = Database(empty_url)
        async with database.reading() as db:
            found = await db.run_sync(differences)
        await database.dispose()
        return found

    assert asyncio.run(look()) == []
    assert current_revision(empty_url) == HEAD


def test_an_older_program_refuses_a_newer_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/headgate.db"
    all_tables()
    migrate(url)
    with sqlite3.connect(tmp_path / "headgate.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match="9999"):
        migrate(url)


def test_the_list_of_revisions_is_that_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(REVISIONS)


def test_each_migration_says_whether_it_is_safe_while_the_old_version_runs() -> None:
    for script in (SCRIPTS / "versions").glob("*.py"):
        assert "Safe while the old version runs:" in script.read_text(), script.name
