"""Every statement on module settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.pages import EXACT_TOTAL, Page
from headgate.operate.modules_admin.tables import module_settings


async def add(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    await db.execute(sa.insert(module_settings).values(**row))


async def newest(db: AsyncConnection, tenant: str | None = None) -> Sequence[sa.RowMapping]:
    """The row that holds of each module, of one tenant or of all."""
    table = module_settings.c
    last = sa.select(table.tenant, table.name, sa.func.max(table.version).label("version"))
    if tenant is not None:
        last = last.where(table.tenant == tenant)
    top = last.group_by(table.tenant, table.name).subquery()
    same = sa.and_(table.tenant == top.c.tenant, table.name == top.c.name, table.version == top.c.version)
    return (await db.execute(sa.select(module_settings).join(top, same))).mappings().all()


async def history(
    db: AsyncConnection, tenant: str, name: str, page: Page
) -> tuple[Sequence[sa.RowMapping], int]:
    """The rows of one module, newest first, and how many there are."""
    table = module_settings.c
    chosen = sa.and_(table.tenant == tenant, table.name == name)
    rows = sa.select(module_settings).where(chosen).order_by(table.version.desc())
    some = sa.select(table.version).where(chosen).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    found = await db.execute(rows.limit(page.limit).offset(page.offset))
    return found.mappings().all(), total


async def one(db: AsyncConnection, tenant: str, name: str, version: int) -> sa.RowMapping | None:
    table = module_settings.c
    statement = sa.select(module_settings).where(
        table.tenant == tenant, table.name == name, table.version == version
    )
    return (await db.execute(statement)).mappings().one_or_none()
