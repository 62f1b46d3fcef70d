"""The statements of evidence packs and replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.evidence.tables import evidence_packs, trust_replays
from headgate.kernel.pages import EXACT_TOTAL, Page


async def add_pack(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    await db.execute(evidence_packs.insert().values(**row))


async def add_replay(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    await db.execute(trust_replays.insert().values(**row))


async def pack(db: AsyncConnection, tenant: str, pack_id: str) -> sa.RowMapping | None:
    mine = (evidence_packs.c.tenant == tenant) & (evidence_packs.c.id == pack_id)
    return (await db.execute(sa.select(evidence_packs).where(mine))).mappings().one_or_none()


async def replay(db: AsyncConnection, tenant: str, replay_id: str) -> Any:
    mine = (trust_replays.c.tenant == tenant) & (trust_replays.c.id == replay_id)
    return (await db.execute(sa.select(trust_replays).where(mine))).first()


async def packs(db: AsyncConnection, tenant: str, page: Page) -> tuple[Sequence[Any], int]:
    return await _page(db, evidence_packs, tenant, page)


async def replays(db: AsyncConnection, tenant: str, page: Page) -> tuple[Sequence[Any], int]:
    return await _page(db, trust_replays, tenant, page)


async def change_replay(db: AsyncConnection, tenant: str, replay_id: str, values: Mapping[str, Any]) -> None:
    chosen = (trust_replays.c.tenant == tenant) & (trust_replays.c.id == replay_id)
    await db.execute(trust_replays.update().where(chosen).values(**values))


async def _page(db: AsyncConnection, table: sa.Table, tenant: str, page: Page) -> tuple[Sequence[Any], int]:
    """Newest first, and how many there are (counted up to one more than a page shows as exact)."""
    mine = table.c.tenant == tenant
    query = sa.select(table).where(mine).order_by(table.c.created_us.desc(), table.c.id.desc())
    some = sa.select(table.c.id).where(mine).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(query.limit(page.limit).offset(page.offset))).all(), total
