"""The statements of credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.identity.credentials.tables import credentials
from headgate.kernel.pages import Page


async def every(db: AsyncConnection, tenant: str | None = None) -> Sequence[Any]:
    query = sa.select(credentials).order_by(credentials.c.tenant, credentials.c.id)
    return (await db.execute(query if tenant is None else query.where(credentials.c.tenant == tenant))).all()


async def listed(db: AsyncConnection, tenant: str, page: Page) -> Sequence[Any]:
    chosen = sa.select(credentials).where(credentials.c.tenant == tenant).order_by(credentials.c.id.desc())
    return (await db.execute(chosen.limit(page.limit).offset(page.offset))).all()


async def one(db: AsyncConnection, tenant: str, credential_id: str) -> Any:
    chosen = (credentials.c.tenant == tenant) & (credentials.c.id == credential_id)
    return (await db.execute(sa.select(credentials).where(chosen))).first()


async def count(db: AsyncConnection, tenant: str) -> int:
    query = sa.select(sa.func.count()).where(credentials.c.tenant == tenant)
    return (await db.execute(query)).scalar_one()


async def add(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    await db.execute(credentials.insert().values(**row))


async def seal_again(db: AsyncConnection, tenant: str, credential_id: str, sealed: bytes) -> None:
    chosen = (credentials.c.tenant == tenant) & (credentials.c.id == credential_id)
    await db.execute(credentials.update().where(chosen).values(sealed=sealed))


async def remove(db: AsyncConnection, tenant: str, credential_id: str) -> None:
    chosen = (credentials.c.tenant == tenant) & (credentials.c.id == credential_id)
    await db.execute(credentials.delete().where(chosen))
