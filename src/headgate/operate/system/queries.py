"""The one statement that tells whether the database answers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


async def ping(db: AsyncConnection) -> None:
    await db.execute(sa.select(1))
