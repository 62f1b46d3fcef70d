"""The statements of policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.policies.tables import policies


async def every(db: AsyncConnection, tenant: str | None, kind: str) -> Sequence[Any]:
    query = sa.select(policies).where(policies.c.kind == kind).order_by(policies.c.tenant, policies.c.name)
    if tenant is not None:
        query = query.where(policies.c.tenant == tenant)
    return (await db.execute(query)).all()


async def count(db: AsyncConnection, tenant: str) -> int:
    query = sa.select(sa.func.count()).select_from(policies).where(policies.c.tenant == tenant)
    return (await db.execute(query)).scalar_one()


async def one(db: AsyncConnection, tenant: str, policy_id: str) -> Any:
    query = sa.select(policies).where(policies.c.tenant == tenant, policies.c.id == policy_id)
    return (await db.execute(query)).first()


async def add(db: AsyncConnection, row: dict[str, Any]) -> None:
    await db.execute(policies.insert().values(row))


async def change(db: AsyncConnection, tenant: str, policy_id: str, values: dict[str, Any]) -> None:
    chosen = (policies.c.tenant == tenant) & (policies.c.id == policy_id)
    await db.execute(policies.update().where(chosen).values(revision=policies.c.revision + 1, **values))


async def remove(db: AsyncConnection, tenant: str, policy_id: str) -> None:
    await db.execute(policies.delete().where(policies.c.tenant == tenant, policies.c.id == policy_id))
