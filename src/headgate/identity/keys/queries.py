"""Every statement on keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.identity.keys.tables import api_keys
from headgate.kernel.pages import EXACT_TOTAL, Page

Row = Mapping[str, Any]


async def add(db: AsyncConnection, row: Row) -> None:
    await db.execute(sa.insert(api_keys).values(**row))


async def one(db: AsyncConnection, tenant: str, key_id: str) -> sa.RowMapping | None:
    statement = sa.select(api_keys).where(api_keys.c.tenant == tenant, api_keys.c.id == key_id)
    return (await db.execute(statement)).mappings().one_or_none()


async def page(
    db: AsyncConnection, tenant: str, page: Page, *, kinds: Sequence[str]
) -> tuple[Sequence[sa.RowMapping], int]:
    """Keys of `kinds`, newest first, and how many there are (counting stops above the exact bound)."""
    chosen = sa.and_(api_keys.c.tenant == tenant, api_keys.c.kind.in_(kinds))
    rows = (
        sa.select(api_keys).where(chosen).order_by(api_keys.c.id.desc()).limit(page.limit).offset(page.offset)
    )
    some = sa.select(api_keys.c.id).where(chosen).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(rows)).mappings().all(), total


async def every(db: AsyncConnection, tenant: str | None = None) -> Sequence[sa.RowMapping]:
    """All keys of one tenant, or of all, revoked ones too: what the door knows."""
    statement = sa.select(api_keys)
    if tenant is not None:
        statement = statement.where(api_keys.c.tenant == tenant)
    return (await db.execute(statement)).mappings().all()


async def revoke(db: AsyncConnection, tenant: str, key_id: str, *, now_us: int) -> None:
    """Mark a key as revoked; one that already is keeps its time."""
    statement = sa.update(api_keys).where(
        api_keys.c.tenant == tenant, api_keys.c.id == key_id, api_keys.c.revoked_us.is_(None)
    )
    await db.execute(statement.values(revoked_us=now_us))


async def used(db: AsyncConnection, key_ids: Sequence[str], *, now_us: int) -> None:
    """Write when keys were last used."""
    await db.execute(sa.update(api_keys).where(api_keys.c.id.in_(key_ids)).values(last_used_us=now_us))
