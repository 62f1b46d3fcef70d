"""Settings: read, set one by one, and given to those who go by them."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger.service import Author
from headgate.identity.settings import queries
from headgate.identity.settings.hot import SettingsBook
from headgate.identity.settings.values import KINDS, BadSetting
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.store.engine import Database
from headgate.store.sealing import Sealer

PART = "settings"  # of the plane
SET = "[set]"  # what is shown of a secret


def sealer(data_dir: Path) -> Sealer:
    """Encrypts the secrets among settings."""
    return Sealer(data_dir, "settings")


async def values(db: AsyncConnection, tenant: str) -> dict[str, Any]:
    """Every setting of a tenant as it is shown: defaults filled in, secrets only as set or null."""
    told = {row.key: json.decode(row.value) for row in await queries.every(db, tenant) if row.key in KINDS}
    return {
        key: (SET if told.get(key) is not None else None) if kind.is_secret else told.get(key, kind.default)
        for key, kind in KINDS.items()
    }


async def secret(db: AsyncConnection, tenant: str, key: str, data_dir: Path) -> str | None:
    """A secret setting in the clear, for whoever signs with it."""
    for row in await queries.every(db, tenant):
        if row.key == key and (kept := json.decode(row.value)) is not None:
            return sealer(data_dir).open(base64.b64decode(kept["sealed"]), f"{tenant}/{key}").decode()
    return None


async def seal_again(db: AsyncConnection, with_sealer: Sealer) -> list[str]:
    """Seal with the newest key whatever secret was sealed with an older one. The tenant of each; raises CannotOpen."""
    done: list[str] = []
    for row in await queries.every(db):
        kind = KINDS.get(row.key)
        if kind is None or not kind.is_secret or (kept := json.decode(row.value)) is None:
            continue
        sealed = base64.b64decode(kept["sealed"])
        if not with_sealer.is_current(sealed):
            fresh = base64.b64encode(with_sealer.renew(sealed, f"{row.tenant}/{row.key}")).decode()
            value = json.encode({"sealed": fresh}).decode()
            await queries.put(
                db, {"tenant": row.tenant, "key": row.key, "value": value, "updated_us": row.updated_us}
            )
            done.append(row.tenant)
    return done


async def change(db: AsyncConnection, author: Author, key: str, value: Any, data_dir: Path) -> dict[str, Any]:
    """Set one setting. It holds from the next call on. Raises BadRequest for an unknown key or a value that does not fit."""
    kind = KINDS.get(key)
    if kind is None:
        raise BadRequest(f"There is no setting {key!r}. There are: {', '.join(KINDS)}.", param="key")
    try:
        kept = kind.read(value)
    except BadSetting as error:
        raise BadRequest(f"{key} must be {error}.", param="value") from None
    before = (await values(db, author.tenant))[key]
    if kind.is_secret and kept is not None:
        sealed = sealer(data_dir).seal(kept.encode(), f"{author.tenant}/{key}")
        kept = {"sealed": base64.b64encode(sealed).decode()}
    row = {
        "tenant": author.tenant, "key": key, "value": json.encode(kept).decode(), "updated_us": author.now_us,
    }  # fmt: skip
    await queries.put(db, row)
    after = await values(db, author.tenant)
    await author.tell(
        db, "setting.changed", key, decision="set", detail={"before": before, "after": after[key]}
    )
    return after


async def load_book(database: Database, book: SettingsBook, tenant: str | None = None) -> None:
    """Tell the book what the database knows, of one tenant or of all."""
    async with database.reading() as db:
        rows = await queries.every(db, tenant)
    by_tenant: dict[str, dict[str, Any]] = {} if tenant is None else {tenant: {}}
    for row in rows:
        kind = KINDS.get(row.key)
        if kind is not None and not kind.is_secret:
            by_tenant.setdefault(row.tenant, {})[row.key] = json.decode(row.value)
    for name, told in by_tenant.items():
        book.put(name, told)


def book_builder(
    database: Database, book: SettingsBook
) -> Callable[[object, str], Awaitable[dict[str, Any]]]:
    """The builder of the plane's part."""

    async def build(_plane: object, tenant: str) -> dict[str, Any]:
        await load_book(database, book, tenant)
        return {}

    return build
