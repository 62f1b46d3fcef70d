"""Providers that a tenant adds: judged, sealed, put on the ledger; and the rows of all as the plane has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel import json
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.operate.providers import queries
from headgate.operate.providers.hot import ProviderDesk
from headgate.providers.building import custom_row
from headgate.providers.provider import BadProvider, Provider
from headgate.providers.ssrf import Reach, Unreachable, check_url, resolve
from headgate.store.engine import Database
from headgate.store.sealing import CannotOpen, Sealer

PART = "providers"  # of the plane
MAX_OWN = 100
LOOK_UP_S = 5.0
PURPOSE = "providers"  # of the sealed keys
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

log = get_log("providers")


class ProviderNotFound(NotFound):
    code = "provider_not_found"


class ProviderExists(Conflict):
    code = "provider_exists"


class AddressRefused(BadRequest):
    """The address is one that this server does not connect to."""

    code = "address_refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """A provider as somebody wants it. None: as it is."""

    base_url: str | None = None
    api_key: str | None = None
    family: str | None = None
    models: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """Who changes providers, and with what."""

    caller: Caller
    ids: Ids
    clock: Clock
    desk: ProviderDesk

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    def act(self, kind: str, name: str, detail: Mapping[str, Any]) -> Act:
        actor = self.caller.key_id or self.caller.user_id or self.caller.kind
        return Act.now(self.ids, self.clock, kind=kind, actor=actor, target=name, detail=dict(detail))


async def judge_address(url: str, reach: Reach) -> None:
    """Look the host up and judge where it leads, before any transaction begins. Raises AddressRefused."""
    try:
        place = check_url(url, reach)
        await asyncio.wait_for(resolve(place.host, place.port, reach), LOOK_UP_S)
    except Unreachable as error:
        raise _refused(str(error)) from None
    except (OSError, TimeoutError):
        raise _refused("its host name could not be looked up") from None


async def add(db: AsyncConnection, acting: Acting, name: str, wish: Wish) -> Provider:
    """Add a provider. Raises AddressRefused, ProviderExists and BadRequest."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A name is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit.", param="name"
        )
    if acting.desk.table().get(name) is not None:
        raise ProviderExists(f"The server itself has a provider {name!r}.", name=name)
    if await queries.count(db, acting.tenant) >= MAX_OWN:
        raise BadRequest(f"There are {MAX_OWN} providers already; remove one first.", param="name")
    now_us = to_us(acting.clock.now())
    row = {
        "tenant": acting.tenant, "name": name, "family": wish.family or "openai", "base_url": wish.base_url or "",
        "sealed_key": _sealed(acting, name, wish.api_key or ""), "models": json.encode(list(wish.models or ())).decode(),
        "created_us": now_us, "updated_us": now_us,
    }  # fmt: skip
    provider = _judged(row, acting.desk)
    try:
        async with db.begin_nested():
            await queries.add(db, row)
    except IntegrityError as error:
        raise ProviderExists(f"There is a provider {name!r} already.", name=name) from error
    await ledger.append(db, acting.tenant, acting.act("provider.added", name, {"after": _image(row)}))
    return provider


async def change(db: AsyncConnection, acting: Acting, name: str, wish: Wish) -> Provider:
    """Change what `wish` names. An empty key takes the key away. Raises ProviderNotFound and AddressRefused."""
    before = await _found(db, acting.tenant, name)
    row = dict(before) | {"updated_us": to_us(acting.clock.now())}
    if wish.base_url is not None:
        row["base_url"] = wish.base_url
        if wish.api_key is None and before["sealed_key"] is not None and wish.base_url != before["base_url"]:
            raise BadRequest("With a new address the key must be given again.", param="api_key")
    if wish.api_key is not None:
        row["sealed_key"] = _sealed(acting, name, wish.api_key)
    if wish.family is not None:
        row["family"] = wish.family
    if wish.models is not None:
        row["models"] = json.encode(list(wish.models)).decode()
    provider = _judged(row, acting.desk)
    await queries.change(db, acting.tenant, name, row)
    detail = {"before": _image(before), "after": _image(row), "key_changed": wish.api_key is not None}
    await ledger.append(db, acting.tenant, acting.act("provider.changed", name, detail))
    return provider


async def remove(db: AsyncConnection, acting: Acting, name: str) -> None:
    """Take one's own provider away. Raises ProviderNotFound."""
    before = await _found(db, acting.tenant, name)
    await queries.remove(db, acting.tenant, name)
    await ledger.append(db, acting.tenant, acting.act("provider.removed", name, {"before": _image(before)}))
    acting.desk.health.forget(f"{acting.tenant}/{name}")


async def tell(
    db: AsyncConnection, acting: Acting, kind: str, target: str, detail: Mapping[str, Any]
) -> None:
    """Put an admin's act on the ledger."""
    await ledger.append(db, acting.tenant, acting.act(kind, target, detail))


async def load(
    database: Database, sealer: Sealer, reach: Reach, tenant: str | None = None
) -> dict[str, list[Provider]]:
    """The providers that tenants added, as the plane has them. One that cannot be used any more is left out and logged."""
    async with database.reading() as db:
        rows = await queries.every(db, tenant)
    found: dict[str, list[Provider]] = {}
    for row in rows:
        try:
            provider = _provider(dict(row), sealer, reach)
            found.setdefault(row["tenant"], []).append(provider)
        except (BadProvider, Unreachable, CannotOpen) as error:
            log.error("provider.left_out", tenant=row["tenant"], provider=row["name"], error=str(error))
    return found


async def seal_again(db: AsyncConnection, with_sealer: Sealer) -> list[str]:
    """Seal with the newest key whatever key of a provider was sealed with an older one. The tenant of each; raises
    CannotOpen."""
    done: list[str] = []
    for row in await queries.every(db):
        sealed = row["sealed_key"]
        if sealed is not None and not with_sealer.is_current(sealed):
            fresh = with_sealer.renew(sealed, _place(row["tenant"], row["name"]))
            await queries.change(db, row["tenant"], row["name"], {"sealed_key": fresh})
            done.append(row["tenant"])
    return done


def builder(
    database: Database, sealer: Sealer, reach: Reach
) -> Callable[[Any, str], Awaitable[dict[str, Any]]]:
    """Builds the plane's part `providers` after a change of one tenant's."""

    async def build(plane: Any, tenant: str) -> dict[str, Any]:
        own = await load(database, sealer, reach, tenant)
        return {"providers": plane.providers.with_tenant(tenant, own.get(tenant, ()))}

    return build


async def _found(db: AsyncConnection, tenant: str, name: str) -> Mapping[str, Any]:
    row = await queries.one(db, tenant, name)
    if row is None:
        raise ProviderNotFound(f"There is no provider {name[:80]!r} that was added here.", name=name[:80])
    return dict(row)


def _judged(row: Mapping[str, Any], desk: ProviderDesk) -> Provider:
    """The provider of a row whose address is judged as far as that needs no look-up."""
    try:
        return _provider(row, desk.sealer, desk.reach)
    except Unreachable as error:
        raise _refused(str(error)) from None
    except BadProvider as error:
        raise BadRequest(f"The provider cannot be used: {error}.", param="base_url") from None


def _refused(why: str) -> AddressRefused:
    return AddressRefused(f"base_url cannot be used: {why}.", param="base_url")


def _provider(row: Mapping[str, Any], sealer: Sealer, reach: Reach) -> Provider:
    check_url(row["base_url"], reach)
    sealed = row["sealed_key"]
    key = "" if sealed is None else sealer.open(sealed, _place(row["tenant"], row["name"])).decode()
    given = {
        "base_url": row["base_url"],
        "api_key": key,
        "family": row["family"],
        "models": json.decode(row["models"]),
    }
    provider = custom_row(row["name"], given, tenant=row["tenant"])
    return replace(provider, origin=replace(provider.origin, reach=reach))


def _sealed(acting: Acting, name: str, key: str) -> bytes | None:
    if not key:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadRequest("api_key must be printable ASCII without spaces.", param="api_key")
    return acting.desk.sealer.seal(key.encode(), _place(acting.tenant, name))


def _place(tenant: str, name: str) -> str:
    return f"{tenant}/{name}"


def _image(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for the ledger: everything but the key."""
    return {
        "family": row["family"], "base_url": row["base_url"], "models": json.decode(row["models"]),
        "has_key": row["sealed_key"] is not None,
    }  # fmt: skip
