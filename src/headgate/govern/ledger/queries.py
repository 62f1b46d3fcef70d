"""The ledger's statements: `Bulk` ones for the drain, which alone gives numbers, and async ones for everyone else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger.merkle import HASH_BYTES, TILE
from headgate.govern.ledger.tables import (
    ledger,
    ledger_checkpoints,
    ledger_checks,
    ledger_heads,
    ledger_tiles,
)
from headgate.kernel.pages import EXACT_TOTAL
from headgate.store.bulk import Bulk
from headgate.store.dialect import upsert

Row = tuple[Any, ...]  # id, tenant, seq, at_us, kind, actor, target, decision, run_id, detail, hash

COLUMNS = "id, tenant, seq, at_us, kind, actor, target, decision, run_id, detail, hash"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows are asked for; None is any."""

    kind: str | None = None
    actor: str | None = None
    target: str | None = None
    decision: str | None = None
    run_id: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    decisions: tuple[str, ...] = ()


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


def has_waiting(db: Bulk) -> bool:
    return bool(db.run("SELECT 1 FROM ledger WHERE seq IS NULL LIMIT 1"))


def waiting_tenants(db: Bulk) -> list[str]:
    return [row[0] for row in db.run("SELECT DISTINCT tenant FROM ledger WHERE seq IS NULL ORDER BY tenant")]


def waiting_rows(db: Bulk, tenant: str, limit: int) -> list[Row]:
    statement = (
        f"SELECT {COLUMNS} FROM ledger WHERE seq IS NULL AND tenant = ? ORDER BY at_us, id LIMIT {limit}"
    )
    return db.run(statement, (tenant,))


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


def place(db: Bulk, placed: Sequence[tuple[str, int, bytes]]) -> None:
    """Give waiting rows (by id) their numbers and hashes."""
    db.update(ledger, "id", ("seq", "hash"), placed)


def add(db: Bulk, rows: Sequence[Row]) -> None:
    db.insert(ledger, rows)


def complete_tiles(db: Bulk, tenant: str) -> int:
    """How many tiles of rows are in the tree."""
    statement = "SELECT place, LENGTH(hashes) FROM ledger_tiles WHERE tenant = ? AND level = 1 ORDER BY place DESC LIMIT 1"
    rows = db.run(statement, (tenant,))
    return rows[0][0] * TILE + rows[0][1] // HASH_BYTES if rows else 0


def hashes_between(db: Bulk, tenant: str, after: int, last: int) -> list[bytes]:
    """The chain hashes of the rows from number `after` + 1 to `last`."""
    statement = "SELECT hash FROM ledger WHERE tenant = ? AND seq > ? AND seq <= ? ORDER BY seq"
    return [bytes(row[0]) for row in db.run(statement, (tenant, after, last))]


def tile(db: Bulk, tenant: str, level: int, place: int) -> bytes:
    statement = "SELECT hashes FROM ledger_tiles WHERE tenant = ? AND level = ? AND place = ?"
    rows = db.run(statement, (tenant, level, place))
    return bytes(rows[0][0]) if rows else b""


def put_tile(db: Bulk, key: tuple[str, int, int], hashes: bytes) -> None:
    statement = (
        "INSERT INTO ledger_tiles (tenant, level, place, hashes) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (tenant, level, place) DO UPDATE SET hashes = EXCLUDED.hashes"
    )
    db.run(statement, (*key, hashes))


def heads(db: Bulk) -> list[tuple[str, int]]:
    return [(row[0], int(row[1])) for row in db.run("SELECT tenant, seq FROM ledger_heads")]


def last_checkpoints(db: Bulk) -> dict[str, tuple[int, int]]:
    """The size and the time of each tenant's newest checkpoint."""
    statement = "SELECT tenant, MAX(size), MAX(at_us) FROM ledger_checkpoints GROUP BY tenant"
    return {row[0]: (int(row[1]), int(row[2])) for row in db.run(statement)}


def add_checkpoints(db: Bulk, rows: Sequence[Row]) -> None:
    db.insert(ledger_checkpoints, rows)


async def read_hashes(db: AsyncConnection, tenant: str, after: int, last: int) -> list[bytes]:
    query = (
        sa.select(ledger.c.hash)
        .where(ledger.c.tenant == tenant, ledger.c.seq > after, ledger.c.seq <= last)
        .order_by(ledger.c.seq)
    )
    return [bytes(each) for each in (await db.execute(query)).scalars()]


async def read_tile(db: AsyncConnection, tenant: str, level: int, place: int) -> bytes:
    tiles = ledger_tiles.c
    query = sa.select(tiles.hashes).where(tiles.tenant == tenant, tiles.level == level, tiles.place == place)
    return bytes((await db.execute(query)).scalar() or b"")


async def checkpoints_after(db: AsyncConnection, tenant: str, size: int, limit: int) -> Sequence[sa.Row[Any]]:
    """Checkpoints of more than `size` rows, smallest first."""
    points = ledger_checkpoints
    query = (
        sa.select(points)
        .where(points.c.tenant == tenant, points.c.size > size)
        .order_by(points.c.size)
        .limit(limit)
    )
    return (await db.execute(query)).all()


async def one(db: AsyncConnection, tenant: str, row_id: str) -> Any:
    query = sa.select(ledger).where(ledger.c.tenant == tenant, ledger.c.id == row_id)
    return (await db.execute(query)).first()


async def checkpoints_page(
    db: AsyncConnection, tenant: str, *, limit: int, offset: int
) -> tuple[Sequence[sa.Row[Any]], int]:
    """Newest first, and how many there are (counted up to one more than a page shows as exact)."""
    points = ledger_checkpoints
    chosen = points.c.tenant == tenant
    query = sa.select(points).where(chosen).order_by(points.c.size.desc()).limit(limit).offset(offset)
    some = sa.select(points.c.size).where(chosen).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(query)).all(), total


async def checkpoint_up_to(db: AsyncConnection, tenant: str, size: int) -> Any:
    """The largest checkpoint of at most `size` rows."""
    points = ledger_checkpoints
    query = (
        sa.select(points)
        .where(points.c.tenant == tenant, points.c.size <= size)
        .order_by(points.c.size.desc())
        .limit(1)
    )
    return (await db.execute(query)).first()


async def checkpoints_spread(db: AsyncConnection, tenant: str, most: int) -> Sequence[sa.Row[Any]]:
    """At most about `most` checkpoints spread over the chain, the newest among them."""
    points = ledger_checkpoints
    chosen = points.c.tenant == tenant
    count = (await db.execute(sa.select(sa.func.count()).select_from(points).where(chosen))).scalar_one()
    number = sa.func.row_number().over(order_by=points.c.size.desc()).label("number")
    ranked = sa.select(points, number).where(chosen).subquery()
    step = max(1, -(-count // most))
    query = sa.select(ranked).where((ranked.c.number - 1) % step == 0).order_by(ranked.c.size)
    return (await db.execute(query)).all()


async def listed(
    db: AsyncConnection, tenant: str, chosen: Chosen, *, limit: int, offset: int
) -> tuple[Sequence[sa.Row[Any]], int]:
    """Rows newest first, those that wait for their number in front, each with the hash before it as `prev_hash`."""
    before = ledger.alias("before")
    joined = ledger.outerjoin(
        before, sa.and_(before.c.tenant == ledger.c.tenant, before.c.seq == ledger.c.seq - 1)
    )
    where = _where(tenant, chosen)
    query = (
        sa.select(ledger, before.c.hash.label("prev_hash"))
        .select_from(joined)
        .where(*where)
        .order_by(ledger.c.seq.is_(None).desc(), ledger.c.seq.desc(), ledger.c.at_us.desc())
        .limit(limit)
        .offset(offset)
    )
    some = sa.select(ledger.c.id).where(*where).limit(EXACT_TOTAL + 1).subquery()
    total = (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()
    return (await db.execute(query)).all(), total


def _where(tenant: str, chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    row = ledger.c
    equal = (
        (row.kind, chosen.kind), (row.actor, chosen.actor), (row.target, chosen.target), (row.decision, chosen.decision),
        (row.run_id, chosen.run_id),
    )  # fmt: skip
    where = [row.tenant == tenant, *(column == value for column, value in equal if value is not None)]
    if chosen.decisions:
        where.append(row.decision.in_(chosen.decisions))
    if chosen.since_us is not None:
        where.append(row.at_us >= chosen.since_us)
    if chosen.until_us is not None:
        where.append(row.at_us < chosen.until_us)
    return where


async def belonging(
    db: AsyncConnection, tenant: str, run_id: str, targets: Sequence[str], most: int
) -> Sequence[sa.Row[Any]]:
    """Rows of a run and rows about `targets`, oldest first."""
    row = ledger.c
    mine = [row.run_id == run_id, *([row.target.in_(targets)] if targets else [])]
    query = (
        sa.select(ledger).where(row.tenant == tenant, sa.or_(*mine)).order_by(row.at_us, row.id).limit(most)
    )
    return (await db.execute(query)).all()


async def first_at(db: AsyncConnection, tenant: str, seq: int) -> int:
    """The time of the first row behind number `seq`."""
    row = ledger.c
    query = sa.select(row.at_us).where(row.tenant == tenant, row.seq > seq).order_by(row.seq).limit(1)
    return (await db.execute(query)).scalar_one_or_none() or 0


async def holding(
    db: AsyncConnection, tenant: str, kind: str, words: str, part: tuple[int, int]
) -> sa.Row[Any] | None:
    """The first row of `kind` with `words` in its detail, in a part of the chain."""
    row = ledger.c
    chosen = (row.tenant == tenant, row.seq > part[0], row.seq <= part[1], row.kind == kind)
    query = (
        sa.select(ledger)
        .where(*chosen, row.detail.contains(words, autoescape=True))
        .order_by(row.seq)
        .limit(1)
    )
    return (await db.execute(query)).first()


async def between(db: AsyncConnection, tenant: str, from_us: int, to_us: int, most: int) -> Sequence[Any]:
    row = ledger.c
    chosen = (row.tenant == tenant, row.seq.is_not(None), row.at_us >= from_us, row.at_us < to_us)
    query = sa.select(row.id, row.seq, row.at_us, row.kind, row.decision, row.hash).where(*chosen)
    return (await db.execute(query.order_by(row.seq).limit(most))).all()


async def count_rows(db: AsyncConnection, tenant: str) -> tuple[int, int]:
    """How many rows are in the chain, and how many wait for their place."""
    found = await head(db, tenant)
    return (found[0] if found else 0), await waiting(db, tenant)


async def put_check(db: AsyncConnection, row: dict[str, Any]) -> None:
    await upsert(db, ledger_checks, row, key=("tenant",))


async def check_of(db: AsyncConnection, tenant: str) -> Any:
    query = sa.select(ledger_checks).where(ledger_checks.c.tenant == tenant)
    return (await db.execute(query)).first()
