"""What erasing a subject says to the database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import payloads, runs, subject_keys


async def destroy_keys(db: AsyncConnection, tenant: str, subject: str, *, now_us: int) -> int:
    """Destroy the subject's keys. Returns how many there were."""
    table = subject_keys.c
    chosen = sa.and_(table.tenant == tenant, table.subject == subject, table.wrapped.is_not(None))
    done = await db.execute(subject_keys.update().where(chosen).values(wrapped=None, destroyed_us=now_us))
    return done.rowcount


async def bury_payloads(db: AsyncConnection, tenant: str, subject: str, *, now_us: int, why: str) -> int:
    """Take the bytes away too, and leave tombstones. Returns how many groups."""
    table = payloads.c
    chosen = sa.and_(table.tenant == tenant, table.subject == subject, table.removed_us.is_(None))
    done = await db.execute(
        payloads.update().where(chosen).values(data=None, removed_us=now_us, removed_why=why)
    )
    return done.rowcount


async def blank_previews(db: AsyncConnection, tenant: str, subject: str) -> int:
    """The previews of the subject's runs. Returns how many runs had one."""
    chosen = sa.and_(runs.c.tenant == tenant, runs.c.subject == subject, runs.c.preview != "")
    return (await db.execute(runs.update().where(chosen).values(preview=""))).rowcount
