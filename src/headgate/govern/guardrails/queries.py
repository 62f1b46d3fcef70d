"""Every statement on rules of guardrails, their events and their sums. The drain adds, requests read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.guardrails.tables import guardrail_events, guardrail_rules, guardrail_stats
from headgate.kernel.pages import EXACT_TOTAL, Page
from headgate.store.bulk import Bulk

_COUNT = (
    "INSERT INTO guardrail_stats (tenant, rule_name, action, hits, since_us) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (tenant, rule_name, action) DO UPDATE SET hits = guardrail_stats.hits + excluded.hits"
)
_TRIM = (
    "DELETE FROM guardrail_events WHERE tenant = ? AND id <= "
    "(SELECT id FROM guardrail_events WHERE tenant = ? ORDER BY id DESC LIMIT 1 OFFSET ?)"
)


async def every(
    db: AsyncConnection, tenant: str | None = None, project: str | None = None
) -> Sequence[sa.RowMapping]:
    """Rules in the order in which they judge, of one tenant or of all; with `project` those that hold for it."""
    rules = guardrail_rules.c
    statement = sa.select(guardrail_rules).order_by(rules.priority.desc(), rules.id)
    if tenant is not None:
        statement = statement.where(rules.tenant == tenant)
    if project is not None:
        statement = statement.where(rules.project.in_(("*", project)))
    return (await db.execute(statement)).mappings().all()


async def one(db: AsyncConnection, tenant: str, rule_id: str) -> sa.RowMapping | None:
    rules = guardrail_rules.c
    statement = sa.select(guardrail_rules).where(rules.tenant == tenant, rules.id == rule_id)
    return (await db.execute(statement)).mappings().one_or_none()


async def add(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    await db.execute(sa.insert(guardrail_rules).values(**row))


async def change(db: AsyncConnection, tenant: str, rule_id: str, changes: Mapping[str, Any]) -> None:
    rules = guardrail_rules.c
    await db.execute(
        sa.update(guardrail_rules).where(rules.tenant == tenant, rules.id == rule_id).values(**changes)
    )


async def remove(db: AsyncConnection, tenant: str, rule_id: str) -> None:
    rules = guardrail_rules.c
    await db.execute(sa.delete(guardrail_rules).where(rules.tenant == tenant, rules.id == rule_id))


async def events(db: AsyncConnection, tenant: str, page: Page) -> tuple[Sequence[sa.RowMapping], int]:
    """Newest first, and how many there are."""
    table = guardrail_events.c
    rows = sa.select(guardrail_events).where(table.tenant == tenant).order_by(table.id.desc())
    some = sa.select(table.id).where(table.tenant == tenant).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    found = await db.execute(rows.limit(page.limit).offset(page.offset))
    return found.mappings().all(), total


async def sums(db: AsyncConnection, tenant: str) -> Sequence[sa.RowMapping]:
    """How often each rule did what."""
    statement = sa.select(guardrail_stats).where(guardrail_stats.c.tenant == tenant)
    return (await db.execute(statement)).mappings().all()


def keep_events(db: Bulk, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add events, whole rows."""
    db.insert(guardrail_events, rows)


def count(db: Bulk, rows: Sequence[tuple[str, str, str, int, int]]) -> None:
    """Add to the sums. In the order of the keys, so that two drains can't lock each other out."""
    for row in sorted(rows):
        db.run(_COUNT, row)


def trim(db: Bulk, tenant: str, keep: int) -> None:
    """Forget all but the newest `keep` events of a tenant."""
    db.run(_TRIM, (tenant, tenant, keep))
