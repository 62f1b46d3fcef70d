"""`plane_versions`: how often each part of a tenant's rules changed. The safety net below the change notices."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.store.dialect import add_one
from headgate.store.engine import metadata

PartKey = tuple[str, str]  # part, tenant

plane_versions = sa.Table(
    "plane_versions",
    metadata,
    sa.Column("part", sa.String(64), primary_key=True),
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False, index=True),
)


async def bump(db: AsyncConnection, part: str, tenant: str, *, now_us: int) -> None:
    """Count a change of `part`. Call it in the transaction that makes the change."""
    row = {"part": part, "tenant": tenant, "version": 1, "changed_us": now_us}
    await add_one(db, plane_versions, row, key=("part", "tenant"), counter="version")


async def bump_all(db: AsyncConnection, parts: Iterable[str], tenant: str, *, now_us: int) -> None:
    """Count a change of each of `parts`, in one order everywhere, so that two writers cannot lock each other out."""
    for part in sorted(set(parts)):
        await bump(db, part, tenant, now_us=now_us)


async def version_of(db: AsyncConnection, part: str, tenant: str) -> int:
    table = plane_versions.c
    statement = sa.select(table.version).where(table.part == part, table.tenant == tenant)
    return (await db.execute(statement)).scalar_one_or_none() or 0


async def changed_since(db: AsyncConnection, since_us: int) -> dict[PartKey, int]:
    """The versions of all parts that changed at or after `since_us`."""
    table = plane_versions.c
    statement = sa.select(table.part, table.tenant, table.version).where(table.changed_us >= since_us)
    return {(part, tenant): version for part, tenant, version in await db.execute(statement)}
