"""The statements of agents. The drain sees them first; the worker counts what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.agents.tables import agents
from headgate.kernel.pages import EXACT_TOTAL, Page
from headgate.store.bulk import Bulk

_SEEN = (
    "INSERT INTO agents (tenant, name, id, tags, own_tier, score_milli, parts, first_us, last_us) "
    "VALUES (?, ?, ?, '[]', '', 0, '{}', ?, ?) ON CONFLICT (tenant, name) DO UPDATE SET last_us = excluded.last_us "
    "WHERE agents.last_us < excluded.last_us"
)


def seen(db: Bulk, tenant: str, name: str, agent_id: str, span: tuple[int, int]) -> None:
    """An agent was seen between two times; its row is made when it is the first time."""
    db.run(_SEEN, (tenant, name, agent_id, *span))


async def listed(db: AsyncConnection, tenant: str, page: Page) -> tuple[Sequence[Any], int]:
    """Those seen last first."""
    chosen = agents.c.tenant == tenant
    query = (
        sa.select(agents)
        .where(chosen)
        .order_by(agents.c.last_us.desc(), agents.c.name)
        .limit(page.limit)
        .offset(page.offset)
    )
    some = sa.select(agents.c.name).where(chosen).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(query)).all(), total


async def every(db: AsyncConnection, tenant: str | None = None) -> Sequence[Any]:
    query = sa.select(agents).order_by(agents.c.tenant, agents.c.name)
    return (await db.execute(query if tenant is None else query.where(agents.c.tenant == tenant))).all()


async def one(db: AsyncConnection, tenant: str, which: str) -> Any:
    """By id or by name."""
    query = sa.select(agents).where(
        agents.c.tenant == tenant, sa.or_(agents.c.id == which, agents.c.name == which)
    )
    return (await db.execute(query)).first()


async def change(db: AsyncConnection, tenant: str, name: str, values: dict[str, Any]) -> None:
    chosen = (agents.c.tenant == tenant) & (agents.c.name == name)
    await db.execute(agents.update().where(chosen).values(values))
