"""What verification reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import late_events, run_events, runs

UNVERIFIED = ("details", "preview", "error_message", "subject")  # large, or cleared when a subject is erased


async def batch(db: AsyncConnection, tenant: str, first: int, last: int) -> Sequence[Any]:
    """The tenant's runs of a batch in the order of their numbers, with their events."""
    columns = (*(column for column in runs.c if column.name not in UNVERIFIED), run_events.c.chain)
    joined = runs.outerjoin(run_events, run_events.c.run_seq == runs.c.seq)
    chosen = sa.and_(runs.c.seq >= first, runs.c.seq <= last, runs.c.tenant == tenant)
    return (
        await db.execute(sa.select(*columns).select_from(joined).where(chosen).order_by(runs.c.seq))
    ).all()


async def count(db: AsyncConnection, tenant: str) -> int:
    return (
        await db.execute(sa.select(sa.func.count()).select_from(runs).where(runs.c.tenant == tenant))
    ).scalar_one()


async def tenants(db: AsyncConnection) -> list[str]:
    """Whoever has runs: by steps along the index, not by reading it all."""
    found: list[str] = []
    while True:
        after = found[-1] if found else ""
        following = (
            await db.execute(sa.select(sa.func.min(runs.c.tenant)).where(runs.c.tenant > after))
        ).scalar_one()
        if following is None:
            return found
        found.append(following)


async def extended(db: AsyncConnection, tenant: str, run_id: str) -> tuple[bytes, int, list[bytes]] | None:
    """The head and number of events of a run, and the chains of its late events in order."""
    row = (
        await db.execute(
            sa.select(runs.c.head, runs.c.event_count).where(runs.c.tenant == tenant, runs.c.id == run_id)
        )
    ).first()
    if row is None:
        return None
    table = late_events.c
    query = (
        sa.select(table.chain).where(table.tenant == tenant, table.run_id == run_id).order_by(table.number)
    )
    return bytes(row[0]), row[1], [bytes(each) for each in (await db.execute(query)).scalars()]
