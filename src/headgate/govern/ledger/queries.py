"""The ledger's statements: `Bulk` ones for the drain, which alone gives numbers, and async ones for everyone else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger.tables import ledger, ledger_heads
from headgate.store.bulk import Bulk

Row = tuple[Any, ...]  # id, tenant, seq, at_us, kind, actor, target, decision, run_id, detail, hash

COLUMNS = "id, tenant, seq, at_us, kind, actor, target, decision, run_id, detail, hash"


async def insert(db: AsyncConnection, row: dict[str, Any]) -> None:
    await db.execute(ledger.insert().values(row))


async def tenants(db: AsyncConnection) -> list[str]:
    both = sa.union(sa.select(ledger.c.tenant), sa.select(ledger_heads.c.tenant))
    return sorted((await db.execute(both)).scalars())


async def head(db: AsyncConnection, tenant: str) -> tuple[int, bytes] | None:
    row = (
        await db.execute(
            sa.select(ledger_heads.c.seq, ledger_heads.c.hash).where(ledger_heads.c.tenant == tenant)
        )
    ).first()
    return (row[0], bytes(row[1])) if row else None


async def page_after(db: AsyncConnection, tenant: str, seq: int, limit: int) -> Sequence[sa.Row[Any]]:
    query = (
        sa.select(ledger)
        .where(ledger.c.tenant == tenant, ledger.c.seq > seq)
        .order_by(ledger.c.seq)
        .limit(limit)
    )
    return (await db.execute(query)).all()


async def waiting(db: AsyncConnection, tenant: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(ledger)
        .where(ledger.c.tenant == tenant, ledger.c.seq.is_(None))
    )
    return (await db.execute(query)).scalar_one()


def waiting_rows(db: Bulk, limit: int) -> list[Row]:
    return db.run(f"SELECT {COLUMNS} FROM ledger WHERE seq IS NULL ORDER BY at_us, id LIMIT {limit}")


def lock_head(db: Bulk, tenant: str, start: bytes) -> tuple[int, bytes]:
    """The head of the tenant's chain, which no other drain can move until this transaction ends."""
    statement = (
        "INSERT INTO ledger_heads (tenant, seq, hash) VALUES (?, 0, ?) "
        "ON CONFLICT (tenant) DO UPDATE SET seq = ledger_heads.seq RETURNING seq, hash"
    )
    seq, digest = db.run(statement, (tenant, start))[0]
    return int(seq), bytes(digest)


def move_head(db: Bulk, tenant: str, seq: int, digest: bytes) -> None:
    db.run("UPDATE ledger_heads SET seq = ?, hash = ? WHERE tenant = ?", (seq, digest, tenant))


def place(db: Bulk, row_id: str, seq: int, digest: bytes) -> bool:
    """Give a waiting row its number; False when another drain did."""
    return bool(
        db.run(
            "UPDATE ledger SET seq = ?, hash = ? WHERE id = ? AND seq IS NULL RETURNING id",
            (seq, digest, row_id),
        )
    )


def add(db: Bulk, row: Row) -> None:
    db.insert(ledger, [row])
