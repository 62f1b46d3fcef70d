"""The statements of settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.identity.settings.tables import settings


async def every(db: AsyncConnection, tenant: str | None = None) -> Sequence[Any]:
    query = sa.select(settings).order_by(settings.c.tenant, settings.c.key)
    return (await db.execute(query if tenant is None else query.where(settings.c.tenant == tenant))).all()


async def put(db: AsyncConnection, row: dict[str, Any]) -> None:
    """Set a value, whatever it was before."""
    chosen = (settings.c.tenant == row["tenant"]) & (settings.c.key == row["key"])
    await db.execute(settings.delete().where(chosen))
    await db.execute(settings.insert().values(row))
