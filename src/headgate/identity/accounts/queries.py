"""Every statement on tenants, users and memberships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.identity.accounts.tables import memberships, tenants, users
from headgate.store.dialect import insert_new

Row = Mapping[str, Any]


async def add_tenant(db: AsyncConnection, row: Row) -> None:
    await insert_new(db, tenants, [row])


async def add_user(db: AsyncConnection, row: Row) -> None:
    await insert_new(db, users, [row])


async def add_membership(db: AsyncConnection, row: Row) -> None:
    await insert_new(db, memberships, [row])


async def tenant(db: AsyncConnection, tenant_id: str) -> sa.RowMapping | None:
    found = await db.execute(sa.select(tenants).where(tenants.c.id == tenant_id))
    return found.mappings().one_or_none()
