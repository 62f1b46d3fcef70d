"""Removing bodies: the oldest first, a few at a time. The row stays as a tombstone; chains hash events, not bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import counters, payloads, runs
from headgate.store.dialect import upsert

_KEPT = payloads.c.removed_us.is_(None)
_PREVIEWS_CLEARED = "retention.previews"  # the counter with the number of the last run whose preview is gone


class Group(NamedTuple):
    """Bodies stored together, of one tenant."""

    address: bytes
    tenant: str
    runs: int
    stored_bytes: int


async def oldest(db: AsyncConnection, before_us: int | None, limit: int) -> list[Group]:
    """The oldest groups that are still there, of those older than `before_us` if it is given."""
    statement = sa.select(
        payloads.c.address, payloads.c.tenant, payloads.c.runs, payloads.c.stored_bytes
    ).where(_KEPT)
    if before_us is not None:
        statement = statement.where(payloads.c.at_us < before_us)
    return [Group(*row) for row in await db.execute(statement.order_by(payloads.c.at_us).limit(limit))]


async def stored_bytes(db: AsyncConnection) -> int:
    statement = sa.select(sa.func.coalesce(sa.func.sum(payloads.c.stored_bytes), 0)).where(_KEPT)
    return int((await db.execute(statement)).scalar_one())


async def remove(db: AsyncConnection, addresses: Sequence[bytes], *, why: str, now_us: int) -> None:
    """Leave tombstones of these groups: what it was, when and why it went."""
    chosen = payloads.c.address.in_(addresses)
    await db.execute(
        sa.update(payloads).where(chosen, _KEPT).values(data=None, removed_us=now_us, removed_why=why)
    )


async def clear_previews(db: AsyncConnection, before_us: int, limit: int) -> int:
    """Blank the previews of the next up to `limit` runs that are older than `before_us`; how many runs were passed."""
    cursor = sa.select(counters.c.value).where(counters.c.name == _PREVIEWS_CLEARED)
    done = (await db.execute(cursor)).scalar_one_or_none() or 0
    following = sa.select(runs.c.seq, runs.c.at_us).where(runs.c.seq > done).order_by(runs.c.seq).limit(limit)
    count, last = 0, done
    for seq, at_us in await db.execute(following):
        if at_us >= before_us:
            break
        count, last = count + 1, seq
    if count:
        passed = sa.and_(runs.c.seq > done, runs.c.seq <= last, runs.c.preview != "")
        await db.execute(sa.update(runs).where(passed).values(preview=""))
        await upsert(db, counters, {"name": _PREVIEWS_CLEARED, "value": last}, key=("name",))
    return count
