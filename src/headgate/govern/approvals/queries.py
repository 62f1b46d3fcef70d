"""The statements of approvals: `Bulk` ones for the drain, which makes and uses them, async ones for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.govern.approvals.tables import approval_votes, approvals
from headgate.kernel.pages import EXACT_TOTAL, Page
from headgate.store.bulk import Bulk


def add(db: Bulk, rows: Sequence[Sequence[Any]]) -> None:
    db.insert(approvals, rows)


def use(db: Bulk, tenant: str, approval_id: str, run_id: str) -> bool:
    """Mark an approved one as used; False when it was not approved any more."""
    statement = (
        "UPDATE approvals SET status = 'used', used_run = ? "
        "WHERE tenant = ? AND id = ? AND status = 'approved' RETURNING id"
    )
    return bool(db.run(statement, (run_id, tenant, approval_id)))


async def listed(
    db: AsyncConnection, caller: Caller, status: str | None, now_us: int, page: Page
) -> tuple[Sequence[Any], int]:
    """Newest first. Whatever waits longer than it may is `expired`."""
    where = [*_within(caller), *_with_status(status, now_us)]
    query = (
        sa.select(approvals)
        .where(*where)
        .order_by(approvals.c.asked_us.desc(), approvals.c.id)
        .limit(page.limit)
        .offset(page.offset)
    )
    some = sa.select(approvals.c.id).where(*where).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(query)).all(), total


def _with_status(status: str | None, now_us: int) -> list[sa.ColumnElement[bool]]:
    if status is None:
        return []
    waiting = approvals.c.status.in_(("pending", "approved"))
    if status == "expired":
        return [waiting, approvals.c.expires_us <= now_us]
    alive = [approvals.c.expires_us > now_us] if status in ("pending", "approved") else []
    return [approvals.c.status == status, *alive]


def _within(caller: Caller) -> list[sa.ColumnElement[bool]]:
    """What the caller may see: all of its tenant, or what its app asked for."""
    app = [approvals.c.app == caller.app_pin] if caller.app_pin is not None else []
    return [approvals.c.tenant == caller.tenant, *app]


async def one(db: AsyncConnection, caller: Caller, approval_id: str) -> Any:
    query = sa.select(approvals).where(*_within(caller), approvals.c.id == approval_id)
    return (await db.execute(query)).first()


async def decide(
    db: AsyncConnection, key: tuple[str, str], status: str, *, decided_us: int, expires_us: int
) -> bool:
    """End a pending approval; False when somebody else was faster."""
    tenant, approval_id = key
    statement = (
        approvals.update()
        .where(approvals.c.tenant == tenant, approvals.c.id == approval_id, approvals.c.status == "pending")
        .values(status=status, decided_us=decided_us, expires_us=expires_us)
        .returning(approvals.c.id)
    )
    return (await db.execute(statement)).first() is not None


async def lock(db: AsyncConnection, caller: Caller, approval_id: str) -> Any:
    """The row, which nobody else decides until this transaction ends."""
    query = sa.select(approvals).where(*_within(caller), approvals.c.id == approval_id)
    return (await db.execute(query.with_for_update())).first()


async def add_vote(db: AsyncConnection, vote: dict[str, Any]) -> None:
    await db.execute(approval_votes.insert().values(vote))


async def votes(db: AsyncConnection, tenant: str, ids: Sequence[str]) -> Sequence[Any]:
    chosen = approval_votes.c
    query = (
        sa.select(approval_votes)
        .where(chosen.tenant == tenant, chosen.approval_id.in_(ids))
        .order_by(chosen.at_us)
    )
    return (await db.execute(query)).all()


async def alive(db: AsyncConnection, tenant: str | None) -> Sequence[Any]:
    """The rows that the book of live approvals is made of, in the order in which they were asked for."""
    query = sa.select(approvals).order_by(approvals.c.asked_us, approvals.c.id)
    if tenant is not None:
        query = query.where(approvals.c.tenant == tenant)
    return (await db.execute(query)).all()


async def decided_by_agent(db: AsyncConnection, tenant: str, since_us: int) -> Sequence[Any]:
    """(agent, approved, rejected), used ones among the approved."""
    status = approvals.c.status
    approved = sa.func.sum(sa.case((status.in_(("approved", "used")), 1), else_=0))
    rejected = sa.func.sum(sa.case((status == "rejected", 1), else_=0))
    query = (
        sa.select(approvals.c.agent, approved, rejected)
        .where(approvals.c.tenant == tenant, approvals.c.asked_us >= since_us)
        .group_by(approvals.c.agent)
    )
    return (await db.execute(query)).all()
