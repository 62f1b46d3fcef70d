"""`headgate keys`: make, list and revoke keys, and rotate the secrets', whether or not a gateway is running."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from headgate.call.caller import DEFAULT_TENANT
from headgate.cli.options import AsJson, ConfigFile, DataDir, TenantOption, settings_of
from headgate.cli.output import show_json, show_table
from headgate.cli.secrets import HELP as ROTATE_HELP
from headgate.cli.secrets import rotate
from headgate.cli.session import operator, work
from headgate.config import Settings
from headgate.identity.accounts import service as accounts
from headgate.identity.keys import service
from headgate.identity.keys.service import KeyDraft, Minting, StoredKey
from headgate.kernel.clock import SystemClock, iso, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.pages import MAX_LIMIT, Page
from headgate.store import versions
from headgate.store.control import Notice, tell_once
from headgate.store.engine import Database
from headgate.store.sockets import CONTROL_SOCKET, socket_path

PART = "keys"
CREATE_HELP = """Make a key and print it. It is shown this once.

\b
  headgate keys create "my laptop"
  headgate keys create --admin --quiet > admin.key
  headgate keys create billing --app billing --mode observe --expires-at 2027-01-01
"""


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Make, list and revoke keys.", no_args_is_help=True)
    group.command("create", help=CREATE_HELP)(create)
    group.command("list", help="List the keys of a project, newest first. The keys themselves are not kept.")(
        list_keys
    )
    group.command("revoke", help="End a key for good, from the next call on.")(revoke)
    group.command("rotate-secrets", help=ROTATE_HELP)(rotate)
    app.add_typer(group, name="keys")


def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="All rights in the project.")] = False,
    mode: Annotated[
        Literal["observe", "optimize"],
        typer.Option("--mode", help="observe: never blocks, never serves from a cache."),
    ] = "optimize",
    app: Annotated[str | None, typer.Option("--app", help="Pin the key to one application.")] = None,
    expires_at: Annotated[
        str | None, typer.Option("--expires-at", help="ISO 8601 time, or seconds since 1970.")
    ] = None,
    tenant: TenantOption = DEFAULT_TENANT,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the key and nothing else.")] = False,
) -> None:
    settings = settings_of(data_dir, config)
    clock = SystemClock()
    ids = Ids(clock)

    async def job(database: Database) -> tuple[StoredKey, str]:
        rights = frozenset({"*"}) if admin else None
        draft = KeyDraft(
            "pk", tenant, name, mode, app, rights=rights, expires_us=service.expiry(expires_at, clock)
        )
        async with database.writing() as db:
            await accounts.seed(db, clock)
            await accounts.find_tenant(db, tenant)
            minting = Minting(service.pepper_of(settings.data_dir), ids, clock)
            made = await service.mint(db, operator(tenant), draft, minting)
            await versions.bump(db, PART, tenant, now_us=to_us(clock.now()))
        await _tell_gateway(settings, database, tenant)
        return made

    key, token = work(settings, job)
    if quiet:
        typer.echo(token)
    elif json:
        show_json({**_body(key), "token": token})
    else:
        typer.echo(f"{token}\n\nKey {key.id} ({_rights(key)}, {key.mode}). It is not shown again.")


def list_keys(
    tenant: TenantOption = DEFAULT_TENANT,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    async def job(database: Database) -> tuple[list[StoredKey], int]:
        async with database.reading() as db:
            return await service.listed(db, tenant, Page(MAX_LIMIT))

    keys, total = work(settings_of(data_dir, config), job)
    if json:
        show_json({"keys": [_body(key) for key in keys], "total": total})
        return
    rows = [
        (key.id, key.prefix + "...", key.label, _rights(key), key.mode, key.app_pin or "", _state(key))
        for key in keys
    ]
    show_table(
        ("id", "key", "name", "rights", "mode", "app", "state"),
        rows,
        empty="There are no keys. Make one with: headgate keys create",
    )
    if total > len(keys):
        typer.echo(f"The newest {len(keys)} of {total}.")


def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")],
    tenant: TenantOption = DEFAULT_TENANT,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    settings = settings_of(data_dir, config)
    clock = SystemClock()

    async def job(database: Database) -> StoredKey:
        async with database.writing() as db:
            key = await service.revoke(db, operator(tenant), key_id, ids=Ids(clock), clock=clock)
            await versions.bump(db, PART, tenant, now_us=to_us(clock.now()))
        await _tell_gateway(settings, database, tenant)
        return key

    key = work(settings, job)
    typer.echo(f"Key {key.id} ({key.prefix}...) is revoked.")


async def _tell_gateway(settings: Settings, database: Database, tenant: str) -> None:
    """After the commit. A gateway that does not hear this finds the new version at its next poll, within a second."""
    async with database.reading() as db:
        version = await versions.version_of(db, PART, tenant)
    await tell_once(socket_path(settings.data_dir, CONTROL_SOCKET), Notice(PART, tenant, version))


def _body(key: StoredKey) -> dict[str, Any]:
    times = {
        "createdAt": key.created_us,
        "lastUsedAt": key.last_used_us,
        "expiresAt": key.expires_us,
        "revokedAt": key.revoked_us,
    }
    return {
        "id": key.id, "name": key.label, "prefix": key.prefix, "kind": key.kind, "mode": key.mode, "appId": key.app_pin,
        "admin": "*" in key.rights, **{name: None if moment is None else iso(moment) for name, moment in times.items()},
    }  # fmt: skip


def _rights(key: StoredKey) -> str:
    return "admin" if "*" in key.rights else "user"


def _state(key: StoredKey) -> str:
    if key.revoked_us is not None:
        return "revoked"
    if key.expires_us is not None:
        return f"until {iso(key.expires_us)[:16]}Z"
    return "live"
