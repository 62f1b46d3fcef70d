"""The main database for commands that work on it directly, whether or not a gateway is running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from headgate.call.caller import ALL_RIGHTS, Caller
from headgate.cli.options import fail
from headgate.config import Settings
from headgate.config_values import without_password
from headgate.kernel.errors import GatewayError
from headgate.store.engine import Database
from headgate.store.folder import DataFolderInUse, FolderLock, prepare_folder
from headgate.store.migrate import HEAD, SchemaTooNew, current_revision, migrate

Result = TypeVar("Result")


def operator(tenant: str) -> Caller:
    """Whoever may read the data folder may do everything with it."""
    return Caller(tenant, "internal", ALL_RIGHTS, admin=True)


def prepare(settings: Settings) -> None:
    """A folder and a database of this program's schema; migrates only when no gateway runs."""
    prepare_folder(settings.data_dir)
    if current_revision(settings.main_db_url) == HEAD:
        return
    if settings.main_db_url.startswith("sqlite"):
        with FolderLock(settings.data_dir):
            migrate(settings.main_db_url)
    else:
        migrate(settings.main_db_url)


def work(settings: Settings, job: Callable[[Database], Awaitable[Result]]) -> Result:
    """Run `job` with the database open, and say in words what stands in the way."""

    async def run() -> Result:
        async with _open(settings) as database:
            return await job(database)

    try:
        prepare(settings)
        return asyncio.run(run())
    except SchemaTooNew as error:
        fail(str(error))
    except DataFolderInUse:
        fail(
            "A gateway of another version is running on this data folder. Stop it first; the database must be migrated."
        )
    except GatewayError as error:
        fail(error.message)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        fail(
            f"The database {without_password(settings.main_db_url)} cannot be used: {reason}. `headgate doctor` says more."
        )


@asynccontextmanager
async def _open(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings.main_db_url)
    try:
        yield database
    finally:
        await database.dispose()
