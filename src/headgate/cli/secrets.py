"""`headgate keys rotate-secrets`: a new key for secrets at rest, and everything sealed anew with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.cli.options import AsJson, ConfigFile, DataDir, fail, settings_of
from headgate.cli.output import show_json
from headgate.cli.session import prepare, work
from headgate.identity.credentials import service as credentials
from headgate.identity.settings import service as own_settings
from headgate.kernel.clock import SystemClock, to_us
from headgate.operate.providers import service as providers
from headgate.store import versions
from headgate.store.engine import Database
from headgate.store.sealing import FOLDER, PATTERN, CannotOpen, Sealer, add_key

HELP = """Make a new key for the secrets in the database, and encrypt all of them anew with it.

A running gateway goes on: it reads the new key when it meets what was sealed with it. The old key files are named at the
end; they are needed for nothing but backups of the database.
"""


class Sealed(NamedTuple):
    """A kind of secret: its name for people, its purpose, how all are sealed anew (it gives the tenant of each), and the
    part of the plane that is rebuilt then."""

    name: str
    purpose: str
    again: Callable[[AsyncConnection, Sealer], Awaitable[list[str]]]
    part: str


KINDS = (
    Sealed("settings", "settings", own_settings.seal_again, own_settings.PART),
    Sealed("credentials", credentials.PURPOSE, credentials.seal_again, credentials.PART),
    Sealed("providers", providers.PURPOSE, providers.seal_again, providers.PART),
)


def rotate(data_dir: DataDir = None, config: ConfigFile = None, json: AsJson = False) -> None:
    settings = settings_of(data_dir, config)
    prepare(settings)
    folder = settings.data_dir / FOLDER
    Sealer(settings.data_dir, KINDS[0].purpose)  # there is a first key, whatever was done before
    old = sorted(path.name for path in folder.glob(PATTERN))
    new = add_key(settings.data_dir)
    now_us = to_us(SystemClock().now())

    async def job(database: Database) -> dict[str, int]:
        done: dict[str, int] = {}
        async with database.writing() as db:  # all or nothing
            for kind in KINDS:
                tenants = await kind.again(db, Sealer(settings.data_dir, kind.purpose))
                done[kind.name] = len(tenants)
                for tenant in sorted(set(tenants)):
                    await versions.bump(db, kind.part, tenant, now_us=now_us)
        return done

    try:
        done = work(settings, job)
    except CannotOpen as error:
        fail(f"A secret cannot be opened, so nothing was changed: {error}. The new key {new.name} may stay.")
    if json:
        show_json({"key": new.name, "sealed": done, "old": old})
        return
    counts = ", ".join(f"{count} of {name}" for name, count in done.items())
    typer.echo(
        f"{new.name} seals from now on. Sealed anew: {counts}.\nNeeded for backups only: {', '.join(old)}."
    )
