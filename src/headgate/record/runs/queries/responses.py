"""Which run made which response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import responses
from headgate.store.dialect import upsert


async def one(db: AsyncConnection, tenant: str, response_id: str) -> sa.Row[Any] | None:
    """Id, run, app, subject, provider, time, and when it was deleted."""
    columns = [
        responses.c[name] for name in ("id", "run_id", "app", "subject", "provider", "at_us", "deleted_us")
    ]
    statement = sa.select(*columns).where(responses.c.tenant == tenant, responses.c.id == response_id)
    return (await db.execute(statement)).first()


async def is_others(db: AsyncConnection, tenant: str, response_id: str) -> bool:
    """Has a run of another tenant made a response with this id?"""
    statement = sa.select(sa.literal(1)).where(responses.c.id == response_id, responses.c.tenant != tenant)
    return (await db.execute(statement.limit(1))).first() is not None


async def delete(db: AsyncConnection, tenant: str, row: Mapping[str, Any], now_us: int) -> None:
    """Mark the response as deleted, also one that the drain has not written yet."""
    await upsert(db, responses, {"tenant": tenant, **row, "deleted_us": now_us}, key=("tenant", "id"))


async def forget_before(db: AsyncConnection, before_us: int, limit: int) -> int:
    """Forget the oldest responses made before `before_us`."""
    oldest = sa.select(responses.c.tenant, responses.c.id).where(responses.c.at_us < before_us)
    rows = (await db.execute(oldest.order_by(responses.c.at_us).limit(limit))).all()
    for tenant, response_id in rows:
        await db.execute(
            sa.delete(responses).where(responses.c.tenant == tenant, responses.c.id == response_id)
        )
    return len(rows)
