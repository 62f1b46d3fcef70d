"""Proofs about one tenant's ledger, read from the database: that a row is in a signed tree, that a tree grew from another."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import queries, rows, tree
from headgate.govern.ledger.checkpoints import Checkpoint
from headgate.govern.ledger.merkle import leaf_hash
from headgate.kernel.errors import BadRequest, Conflict, NotFound


class NoSuchRow(NotFound):
    """No such row in this tenant's ledger."""


class NotAnchored(Conflict):
    """The row is in the chain, or about to be, and no checkpoint covers it yet."""

    code = "not_anchored"


async def inclusion(db: AsyncConnection, tenant: str, row_id: str) -> dict[str, Any]:
    """The row, its place, and the path to the newest signed root. Raises NoSuchRow or NotAnchored."""
    row = await queries.one(db, tenant, row_id)
    if row is None:
        raise NoSuchRow(f"There is no entry {row_id!r} in this ledger.", id=row_id)
    checkpoint = await newest(db, tenant)
    if row.seq is None or checkpoint is None or row.seq > checkpoint.size:
        raise NotAnchored("This entry is not covered by a checkpoint yet. Ask again in a second.", id=row_id)
    loaded = await tree.load(db, tenant, checkpoint.size, [row.seq - 1])
    before = rows.start(tenant)
    if row.seq > 1:
        before = (await queries.read_hashes(db, tenant, row.seq - 2, row.seq - 1))[0]
    return {
        "id": row.id, "seq": row.seq, "entry": export_fields(row), "prev_hash": before.hex(), "hash": bytes(row.hash).hex(),
        "leaf_index": row.seq - 1, "leaf_hash": leaf_hash(bytes(row.hash)).hex(),
        "path": [each.hex() for each in loaded.inclusion(row.seq - 1)], "checkpoint": checkpoint.as_json(),
    }  # fmt: skip


async def consistency(db: AsyncConnection, tenant: str, first: int, second: int) -> dict[str, Any]:
    """That the tree of `first` rows is a prefix of the tree of `second`. Raises BadRequest when there are no such trees."""
    head = await queries.head(db, tenant)
    size = head[0] if head else 0
    if not 0 < first <= second <= size:
        raise BadRequest(
            f"`from` and `to` must be 0 < from <= to <= {size}, the rows there are.", param="from"
        )
    loaded = await tree.load(db, tenant, second, [first - 1])
    older = await tree.load(db, tenant, first, [])
    return {
        "from": first, "to": second, "from_root": older.root().hex(), "to_root": loaded.root().hex(),
        "path": [each.hex() for each in loaded.consistency(first)],
    }  # fmt: skip


async def newest(db: AsyncConnection, tenant: str) -> Checkpoint | None:
    """The tenant's checkpoint over the most rows."""
    found, _ = await queries.checkpoints_page(db, tenant, limit=1, offset=0)
    return as_checkpoint(found[0]) if found else None


def as_checkpoint(row: Any) -> Checkpoint:
    return Checkpoint(row.tenant, row.size, bytes(row.root), row.at_us, row.key_id, bytes(row.signature))


def export_fields(row: Any) -> dict[str, Any]:
    """Every field that the chain hash covers."""
    return {
        "id": row.id, "tenant": row.tenant, "seq": row.seq, "at_us": row.at_us, "kind": row.kind, "actor": row.actor,
        "target": row.target, "decision": row.decision, "run_id": row.run_id, "detail": row.detail,
    }  # fmt: skip
