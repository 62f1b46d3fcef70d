"""The outbox's statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.operate.webhooks.tables import outbox
from headgate.store.bulk import Bulk


async def insert(db: AsyncConnection, row: dict[str, Any]) -> None:
    await db.execute(outbox.insert().values(row))


def insert_all(db: Bulk, rows: Sequence[tuple[Any, ...]]) -> None:
    """Whole rows, by the drain."""
    db.insert(outbox, rows)


async def newest(db: AsyncConnection, tenant: str, limit: int) -> list[sa.Row[Any]]:
    query = sa.select(outbox).where(outbox.c.tenant == tenant).order_by(outbox.c.id.desc()).limit(limit)
    return list((await db.execute(query)).all())


async def delete_before(db: AsyncConnection, before_us: int, limit: int) -> int:
    """Delete up to `limit` of the oldest events announced before `before_us`."""
    old = sa.select(outbox.c.id).where(outbox.c.at_us < before_us).order_by(outbox.c.id).limit(limit)
    return (await db.execute(sa.delete(outbox).where(outbox.c.id.in_(old)))).rowcount
