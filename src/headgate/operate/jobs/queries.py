"""Every statement on the `jobs` table. Claiming and finishing ask for the lease owner, so that a late worker changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.pages import EXACT_TOTAL, Page
from headgate.operate.jobs.tables import jobs
from headgate.store.dialect import insert_new, skip_locked

NewRow = Mapping[str, Any]
Row = sa.RowMapping
DONE = ("succeeded", "failed", "dead", "cancelled")
_ABANDONED = "The worker died while running it, and no attempt is left."


async def insert(db: AsyncConnection, row: NewRow) -> None:
    """Insert a job; nothing happens if its dedupe key is taken."""
    await insert_new(db, jobs, [row])


async def by_dedupe(db: AsyncConnection, tenant: str, kind: str, key: str) -> str | None:
    statement = sa.select(jobs.c.id).where(
        jobs.c.tenant == tenant, jobs.c.kind == kind, jobs.c.dedupe_key == key
    )
    return (await db.execute(statement)).scalar_one_or_none()


def _claimable(now_us: int, kinds: Collection[str]) -> sa.ColumnElement[bool]:
    due = sa.and_(jobs.c.state == "queued", jobs.c.run_at_us <= now_us)
    abandoned = sa.and_(jobs.c.state == "running", jobs.c.lease_until_us <= now_us)
    return sa.and_(sa.or_(due, abandoned), jobs.c.kind.in_(sorted(kinds)))


async def next_due(db: AsyncConnection, kinds: Collection[str]) -> int | None:
    """When the next job can be claimed: its time, or the end of a running one's lease."""
    wanted = jobs.c.kind.in_(sorted(kinds))
    firsts = [
        sa.select(moment).where(jobs.c.state == state, wanted).order_by(moment).limit(1).scalar_subquery()
        for state, moment in (("queued", jobs.c.run_at_us), ("running", jobs.c.lease_until_us))
    ]
    times = (await db.execute(sa.select(*firsts))).one()  # one statement: an idle worker asks this all day
    return min((moment for moment in times if moment is not None), default=None)


async def state_of(db: AsyncConnection, job_id: str) -> str | None:
    return (await db.execute(sa.select(jobs.c.state).where(jobs.c.id == job_id))).scalar_one_or_none()


async def bury_abandoned(db: AsyncConnection, now_us: int) -> None:
    """Jobs whose worker died on their last attempt."""
    given_up = sa.and_(
        jobs.c.state == "running", jobs.c.lease_until_us <= now_us, jobs.c.attempts >= jobs.c.max_attempts
    )
    await db.execute(
        sa.update(jobs).where(given_up).values(
            state="dead", error=_ABANDONED, lease_owner="", lease_until_us=0, finished_us=now_us, updated_us=now_us
        )
    )  # fmt: skip


async def claim(
    db: AsyncConnection, kinds: Collection[str], *, limit: int, lease: tuple[str, int], now_us: int
) -> Sequence[Row]:
    """Take up to `limit` jobs that are due or abandoned. `lease` is (owner, until)."""
    owner, until_us = lease
    pick = sa.select(jobs.c.id).where(_claimable(now_us, kinds)).order_by(jobs.c.run_at_us).limit(limit)
    ids = (await db.execute(skip_locked(pick, db))).scalars().all()
    if not ids:
        return []
    statement = (
        sa.update(jobs).where(jobs.c.id.in_(ids))
        .values(state="running", lease_owner=owner, lease_until_us=until_us, attempts=jobs.c.attempts + 1, updated_us=now_us)
        .returning(jobs)
    )  # fmt: skip
    return (await db.execute(statement)).mappings().all()


async def renew(db: AsyncConnection, ids: Sequence[str], *, lease: tuple[str, int], now_us: int) -> set[str]:
    """Prolong the leases that are still ours; the ids of those."""
    owner, until_us = lease
    statement = (
        sa.update(jobs).where(jobs.c.id.in_(ids), jobs.c.lease_owner == owner, jobs.c.state == "running")
        .values(lease_until_us=until_us, updated_us=now_us).returning(jobs.c.id)
    )  # fmt: skip
    return set((await db.execute(statement)).scalars())


async def change_owned(db: AsyncConnection, job_id: str, owner: str, changes: NewRow) -> bool:
    """Change a job that `owner` is running. False when it lost the lease."""
    statement = (
        sa.update(jobs).where(jobs.c.id == job_id, jobs.c.lease_owner == owner, jobs.c.state == "running").values(**changes)
    )  # fmt: skip
    return (await db.execute(statement)).rowcount == 1


async def release_all(db: AsyncConnection, owner: str, *, now_us: int) -> int:
    """What `owner` was running when it died can be claimed at once."""
    statement = (
        sa.update(jobs).where(jobs.c.lease_owner == owner, jobs.c.state == "running")
        .values(lease_until_us=now_us, updated_us=now_us)
    )  # fmt: skip
    return (await db.execute(statement)).rowcount


async def one(db: AsyncConnection, tenants: Sequence[str], job_id: str) -> Row | None:
    statement = sa.select(jobs).where(jobs.c.id == job_id, jobs.c.tenant.in_(tenants))
    return (await db.execute(statement)).mappings().one_or_none()


async def cancel(db: AsyncConnection, tenants: Sequence[str], job_id: str, *, now_us: int) -> bool:
    open_job = (jobs.c.id == job_id) & jobs.c.tenant.in_(tenants) & jobs.c.state.in_(("queued", "running"))
    statement = sa.update(jobs).where(open_job).values(
        state="cancelled", lease_owner="", lease_until_us=0, finished_us=now_us, updated_us=now_us
    )  # fmt: skip
    return (await db.execute(statement)).rowcount == 1


async def start_over(
    db: AsyncConnection, tenants: Sequence[str], job_id: str, states: Sequence[str], *, now_us: int
) -> bool:
    """Queue a job again that ended in one of `states`, as if it had never been tried."""
    ended = (jobs.c.id == job_id) & jobs.c.tenant.in_(tenants) & jobs.c.state.in_(states)
    statement = sa.update(jobs).where(ended).values(
        state="queued", attempts=0, run_at_us=now_us, lease_owner="", lease_until_us=0, error=None, result=None, progress=None,
        finished_us=None, updated_us=now_us,
    )  # fmt: skip
    return (await db.execute(statement)).rowcount == 1


async def page(
    db: AsyncConnection, tenants: Sequence[str], state: str | None, which: Page
) -> tuple[Sequence[Row], int]:
    """A page of the jobs of `tenants`, newest first, and how many there are (counted a little beyond the exact bound)."""
    wanted = sa.select(jobs).where(jobs.c.tenant.in_(tenants))
    if state is not None:
        wanted = wanted.where(jobs.c.state == state)
    ordered = wanted.order_by(jobs.c.created_us.desc(), jobs.c.id.desc())
    rows = (await db.execute(ordered.limit(which.limit).offset(which.offset))).mappings().all()
    counted = wanted.with_only_columns(jobs.c.id).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(counted))).scalar_one()
    return rows, total


async def count_by_state(db: AsyncConnection, tenants: Sequence[str]) -> dict[str, int]:
    statement = (
        sa.select(jobs.c.state, sa.func.count()).where(jobs.c.tenant.in_(tenants)).group_by(jobs.c.state)
    )
    return {str(row.state): int(row[1]) for row in await db.execute(statement)}


async def delete_finished(db: AsyncConnection, *, before_us: int, limit: int) -> int:
    """Delete up to `limit` jobs that ended before `before_us`."""
    old = sa.select(jobs.c.id).where(jobs.c.state.in_(DONE), jobs.c.finished_us < before_us).limit(limit)
    return (await db.execute(sa.delete(jobs).where(jobs.c.id.in_(old)))).rowcount
