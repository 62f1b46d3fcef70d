"""`headgate keys rotate-secrets`: everything is sealed anew, and nobody who runs meanwhile loses a secret."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.config import Settings
from headgate.govern.ledger.service import Author
from headgate.identity.credentials import queries
from headgate.identity.credentials import service as credentials
from headgate.identity.credentials.hot import CredentialBook
from headgate.identity.credentials.schemas import NewCredential
from headgate.identity.settings import service as own_settings
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.store.engine import Database
from headgate.store.sealing import Sealer
from tests.cli.conftest import Run

CALLER = Caller(DEFAULT_TENANT, "open", frozenset({"*"}))


def test_after_a_rotation_the_old_key_file_is_needed_for_nothing(run: Run, tmp_path: Path) -> None:
    assert run("keys", "list").code == 0  # makes the database
    settings = Settings(data_dir=tmp_path / "data")
    running = CredentialBook(credentials.sealer(settings.data_dir))
    credential_id = asyncio.run(_keep(settings))
    asyncio.run(_load(settings, running))

    told = json.loads(run("keys", "rotate-secrets", "--json").out)

    assert (told["key"], told["old"]) == ("secrets-2.key", ["secrets.key"])
    assert (told["sealed"]["settings"], told["sealed"]["credentials"]) == (1, 1)
    assert running.resolve(DEFAULT_TENANT, f"cred:{credential_id}") == "s3cret"  # from before
    asyncio.run(_load(settings, running))
    (settings.data_dir / "keys" / "secrets.key").write_bytes(b"0" * 32)
    assert running.resolve(DEFAULT_TENANT, f"cred:{credential_id}") == "s3cret"
    assert asyncio.run(_secrets(settings, credential_id)) == ("hook", True)


def test_what_cannot_be_opened_stops_the_rotation(run: Run, tmp_path: Path) -> None:
    assert run("keys", "list").code == 0
    settings = Settings(data_dir=tmp_path / "data")
    asyncio.run(_keep(settings))
    (settings.data_dir / "keys" / "secrets.key").write_bytes(b"0" * 32)

    told = run("keys", "rotate-secrets")

    assert told.code == 1
    assert "nothing was changed" in told.err


async def _keep(settings: Settings) -> str:
    clock = SystemClock()
    ids, database = Ids(clock), Database(settings.main_db_url)
    keeper = credentials.Keeper(CALLER, credentials.sealer(settings.data_dir), ids, clock)
    async with database.writing() as db:
        made = await keeper.add(db, NewCredential(name="tracker", value="s3cret"))
        author = Author(CALLER, ids, clock)
        await own_settings.change(db, author, "webhook_secret", "hook", settings.data_dir)
    await database.dispose()
    return made["id"]


async def _load(settings: Settings, book: CredentialBook) -> None:
    database = Database(settings.main_db_url)
    await credentials.load_book(database, book)
    await database.dispose()


async def _secrets(settings: Settings, credential_id: str) -> tuple[str | None, bool]:
    """The secret setting, and whether the credential is sealed with the newest key."""
    database = Database(settings.main_db_url)
    async with database.reading() as db:
        told = await own_settings.secret(db, DEFAULT_TENANT, "webhook_secret", settings.data_dir)
        row = await queries.one(db, DEFAULT_TENANT, credential_id)
    await database.dispose()
    return told, Sealer(settings.data_dir, credentials.PURPOSE).is_current(bytes(row.sealed))
