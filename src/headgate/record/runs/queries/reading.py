"""What requests ask of the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.pages import EXACT_TOTAL
from headgate.record.runs.facets import FACETS
from headgate.record.runs.tables import (
    attempts,
    feedback,
    late_events,
    payloads,
    run_events,
    runs,
    side_effects,
    spool_positions,
    subject_keys,
)
from headgate.store.spool.spool import Position

LISTED = (
    "id", "at_us", "latency_us", "status", "http_status", "route", "app", "agent", "model", "served_model", "provider",
    "subject", "project", "mode", "prompt_tokens", "completion_tokens", "cached_tokens", "cost_pico", "price_known",
    "saved_pico", "saved_ms",
    "ghost_route", "ghost_saved_pico", "error_code", "error_message", "preview", "parent_run", "session",
)  # fmt: skip
SEARCHED = ("preview", "model", "app", "agent", "error_message", "error_code")


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs of a tenant. Times are microseconds; `before` is the cursor: runs older than this one."""

    route: str | None = None
    status: str | None = None
    app: str | None = None
    agent: str | None = None
    model: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    text: str | None = None
    before: str | None = None

    @property
    def facets(self) -> dict[str, str]:
        return {name: value for name in FACETS if (value := getattr(self, name)) is not None}


async def one(db: AsyncConnection, tenant: str, run_id: str) -> sa.Row[Any] | None:
    return (await db.execute(sa.select(runs).where(runs.c.tenant == tenant, runs.c.id == run_id))).first()


async def chain(db: AsyncConnection, seq: int) -> bytes:
    return bytes(
        (
            await db.execute(sa.select(run_events.c.chain).where(run_events.c.run_seq == seq))
        ).scalar_one_or_none()
        or b""
    )


async def late(db: AsyncConnection, tenant: str, run_id: str) -> Sequence[Any]:
    table = late_events.c
    query = sa.select(table.number, table.chain, table.frame).where(
        table.tenant == tenant, table.run_id == run_id
    )
    return (await db.execute(query.order_by(table.number))).all()


async def effects(db: AsyncConnection, tenant: str, run_id: str) -> Sequence[sa.Row[Any]]:
    table = side_effects.c
    query = (
        sa.select(side_effects)
        .where(table.tenant == tenant, table.run_id == run_id)
        .order_by(table.at_us, table.id)
    )
    return (await db.execute(query)).all()


async def attempts_of(db: AsyncConnection, tenant: str, run_id: str) -> Sequence[sa.Row[Any]]:
    table = attempts.c
    query = sa.select(attempts).where(table.tenant == tenant, table.run_id == run_id).order_by(table.number)
    return (await db.execute(query)).all()


async def feedback_of(db: AsyncConnection, tenant: str, run_id: str) -> Sequence[sa.Row[Any]]:
    query = (
        sa.select(feedback)
        .where(feedback.c.tenant == tenant, feedback.c.run_id == run_id)
        .order_by(feedback.c.at_us, feedback.c.id)
    )
    return (await db.execute(query)).all()


async def feedback_page(
    db: AsyncConnection, tenant: str, *, limit: int, offset: int
) -> tuple[Sequence[sa.Row[Any]], int]:
    """Newest first, and how much there is (counted up to one more than a page shows as exact)."""
    mine = feedback.c.tenant == tenant
    query = sa.select(feedback).where(mine).order_by(feedback.c.at_us.desc(), feedback.c.id.desc())
    some = sa.select(feedback.c.id).where(mine).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(query.limit(limit).offset(offset))).all(), total


async def payload(db: AsyncConnection, tenant: str, address: bytes) -> sa.Row[Any] | None:
    """The payload's row and the wrapped key of its subject (None when destroyed)."""
    joined = payloads.outerjoin(subject_keys, payloads.c.key_id == subject_keys.c.key_id)
    query = sa.select(payloads, subject_keys.c.wrapped).select_from(joined)
    return (await db.execute(query.where(payloads.c.tenant == tenant, payloads.c.address == address))).first()


async def position(db: AsyncConnection, spool: str) -> Position:
    query = sa.select(spool_positions.c.segment, spool_positions.c.place).where(
        spool_positions.c.spool == spool
    )
    row = (await db.execute(query)).first()
    return Position(row[0], row[1]) if row else Position(0, 0)


async def whole(db: AsyncConnection, tenant: str, ids: Sequence[str]) -> Sequence[sa.Row[Any]]:
    """These runs, every column, newest first."""
    query = sa.select(runs).where(runs.c.tenant == tenant, runs.c.id.in_(ids)).order_by(runs.c.id.desc())
    return (await db.execute(query)).all()


async def payloads_at(db: AsyncConnection, tenant: str, addresses: Sequence[bytes]) -> Sequence[sa.Row[Any]]:
    """These payloads with the wrapped keys of their subjects (None when destroyed)."""
    joined = payloads.outerjoin(subject_keys, payloads.c.key_id == subject_keys.c.key_id)
    query = sa.select(payloads, subject_keys.c.wrapped).select_from(joined)
    return (
        await db.execute(query.where(payloads.c.tenant == tenant, payloads.c.address.in_(addresses)))
    ).all()
