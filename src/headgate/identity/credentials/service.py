"""Credentials: kept encrypted, listed without their values, named by reference, sealed anew when keys are rotated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.identity.credentials import queries
from headgate.identity.credentials.hot import PREFIX, PURPOSE, CredentialBook, place
from headgate.identity.credentials.schemas import NewCredential
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.store.engine import Database
from headgate.store.sealing import ID_BYTES, Sealer

PART = "credentials"  # of the plane
MAX_CREDENTIALS = 1000


class NoSuchCredential(NotFound):
    """No such credential of this tenant."""


class NameTaken(Conflict):
    code = "credential_exists"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps or removes a credential, and with what it is sealed."""

    caller: Caller
    sealer: Sealer
    ids: Ids
    clock: Clock

    async def add(self, db: AsyncConnection, wish: NewCredential) -> dict[str, Any]:
        """Keep a secret. Raises NameTaken and BadRequest."""
        tenant = self.caller.tenant
        if await queries.count(db, tenant) >= MAX_CREDENTIALS:
            raise BadRequest(
                f"There are {MAX_CREDENTIALS} credentials already; remove one first.", param="name"
            )
        now_us, credential_id = to_us(self.clock.now()), self.ids.new("cred")
        row = {
            "tenant": tenant, "id": credential_id, "name": wish.name, "kind": wish.kind,
            "sealed": self.sealer.seal(wish.value.encode(), place(tenant, credential_id)),
            "created_us": now_us, "updated_us": now_us,
        }  # fmt: skip
        try:
            async with db.begin_nested():
                await queries.add(db, row)
        except IntegrityError:
            raise NameTaken(f"There is a credential {wish.name!r} already.", param="name") from None
        await self._tell(db, "credential.created", credential_id, wish.name, wish.kind)
        return _shown(await queries.one(db, tenant, credential_id))

    async def remove(self, db: AsyncConnection, credential_id: str) -> None:
        """Forget a secret. What names it cannot connect any more. Raises NoSuchCredential."""
        row = await queries.one(db, self.caller.tenant, credential_id)
        if row is None:
            raise NoSuchCredential(f"There is no credential {credential_id!r}.", id=credential_id)
        await queries.remove(db, self.caller.tenant, credential_id)
        await self._tell(db, "credential.deleted", credential_id, row.name, row.kind)

    async def _tell(self, db: AsyncConnection, what: str, credential_id: str, name: str, kind: str) -> None:
        actor = self.caller.key_id or self.caller.user_id or self.caller.kind
        detail = {"name": name, "kind": kind}
        act = Act.now(self.ids, self.clock, kind=what, actor=actor, target=credential_id, detail=detail)
        await ledger.append(db, self.caller.tenant, act)


async def listed(db: AsyncConnection, tenant: str, page: Page) -> tuple[list[dict[str, Any]], int]:
    """A page of a tenant's credentials, newest first, without their values; and how many there are."""
    return [_shown(row) for row in await queries.listed(db, tenant, page)], await queries.count(db, tenant)


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "ref": f"{PREFIX}{row.id}", "name": row.name, "kind": row.kind,
        "keyId": bytes(row.sealed)[:ID_BYTES].hex(), "createdAt": iso(row.created_us), "updatedAt": iso(row.updated_us),
    }  # fmt: skip


def sealer(data_dir: Path) -> Sealer:
    """Encrypts credentials."""
    return Sealer(data_dir, PURPOSE)


async def seal_again(db: AsyncConnection, with_sealer: Sealer) -> list[str]:
    """Seal with the newest key whatever was sealed with an older one. The tenant of each; raises CannotOpen."""
    done: list[str] = []
    for row in await queries.every(db):
        sealed = bytes(row.sealed)
        if not with_sealer.is_current(sealed):
            fresh = with_sealer.renew(sealed, place(row.tenant, row.id))
            await queries.seal_again(db, row.tenant, row.id, fresh)
            done.append(row.tenant)
    return done


async def load_book(database: Database, book: CredentialBook, tenant: str | None = None) -> None:
    """Tell the book what the database knows, of one tenant or of all."""
    async with database.reading() as db:
        rows = await queries.every(db, tenant)
    by_tenant: dict[str, dict[str, bytes]] = {} if tenant is None else {tenant: {}}
    for row in rows:
        by_tenant.setdefault(row.tenant, {})[row.id] = bytes(row.sealed)
    for name, sealed in by_tenant.items():
        book.put(name, sealed)


def book_builder(
    database: Database, book: CredentialBook
) -> Callable[[object, str], Awaitable[dict[str, Any]]]:
    """The builder of the plane's part."""

    async def build(_plane: object, tenant: str) -> dict[str, Any]:
        await load_book(database, book, tenant)
        return {}

    return build
