"""Counts over many runs, for background work."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import runs


async def by_agent(
    db: AsyncConnection, tenant: str, since_us: int, guarded: Sequence[str]
) -> dict[str, tuple[int, int, int]]:
    """For each agent since `since_us`: its runs, those that were blocked, and those refused with one of the codes `guarded`."""
    blocked = sa.func.sum(sa.case((runs.c.status == "blocked", 1), else_=0))
    refused = sa.func.sum(sa.case((runs.c.error_code.in_(guarded), 1), else_=0))
    query = (
        sa.select(runs.c.agent, sa.func.count(), blocked, refused)
        .where(runs.c.tenant == tenant, runs.c.at_us >= since_us)
        .group_by(runs.c.agent)
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in (await db.execute(query)).all()}
