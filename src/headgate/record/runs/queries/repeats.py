"""Answers that may be asked for again under their key: written by the drain, read once when a gateway starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import repeats
from headgate.store.bulk import Bulk


def keep(db: Bulk, rows: Sequence[tuple[Any, ...]], before_us: int) -> None:
    """Keep `rows`, and forget what is older than anybody may ask for."""
    db.run("DELETE FROM repeats WHERE at_us < ?", (before_us,))
    for row in rows:
        db.run("DELETE FROM repeats WHERE key = ?", (row[0],))  # a key whose call was repeated in earnest
    db.insert(repeats, rows)


async def since(db: AsyncConnection, since_us: int, limit: int) -> Sequence[sa.Row[Any]]:
    """The newest rows, oldest first."""
    query = (
        sa.select(repeats).where(repeats.c.at_us >= since_us).order_by(repeats.c.at_us.desc()).limit(limit)
    )
    return list(reversed((await db.execute(query)).all()))
