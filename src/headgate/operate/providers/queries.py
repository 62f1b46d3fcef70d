"""Every statement on providers that tenants added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.operate.providers.tables import custom_providers


async def every(db: AsyncConnection, tenant: str | None = None) -> Sequence[sa.RowMapping]:
    """The rows of one tenant, or of all."""
    table = custom_providers.c
    statement = sa.select(custom_providers).order_by(table.tenant, table.name)
    if tenant is not None:
        statement = statement.where(table.tenant == tenant)
    return (await db.execute(statement)).mappings().all()


async def one(db: AsyncConnection, tenant: str, name: str) -> sa.RowMapping | None:
    table = custom_providers.c
    statement = sa.select(custom_providers).where(table.tenant == tenant, table.name == name)
    return (await db.execute(statement)).mappings().one_or_none()


async def count(db: AsyncConnection, tenant: str) -> int:
    statement = sa.select(sa.func.count()).where(custom_providers.c.tenant == tenant)
    return (await db.execute(statement)).scalar_one()


async def add(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    await db.execute(sa.insert(custom_providers).values(**row))


async def change(db: AsyncConnection, tenant: str, name: str, row: Mapping[str, Any]) -> None:
    table = custom_providers.c
    await db.execute(
        sa.update(custom_providers).where(table.tenant == tenant, table.name == name).values(**row)
    )


async def remove(db: AsyncConnection, tenant: str, name: str) -> bool:
    """False when there was none."""
    table = custom_providers.c
    result = await db.execute(sa.delete(custom_providers).where(table.tenant == tenant, table.name == name))
    return result.rowcount > 0
