"""Evidence packs: the ledger of a period as hashes and counts, with proofs that it stands in the signed tree.

A pack is kept as its bounds and its hash; its contents are read from the ledger again, and must give that hash.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.evidence import queries
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act, selecting
from headgate.kernel import json
from headgate.kernel.clock import iso, to_us
from headgate.kernel.errors import BadRequest, NotFound
from headgate.kernel.ids import Ids
from headgate.record.runs.service import Look

FORMAT = "headgate-pack-1"
MAX_ROWS = 100_000

Fields = dict[str, Any]


class NoSuchPack(NotFound):
    """No such evidence pack of this tenant."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a pack is about: from `from_us` up to and without `to_us`."""

    name: str
    description: str
    from_us: int
    to_us: int


async def make(db: AsyncConnection, look: Look, ids: Ids, period: Period) -> Fields:
    """Make a pack and put that down in the ledger. Raises BadRequest for an empty or too long period."""
    if period.from_us >= period.to_us:
        raise BadRequest("`date_from` must be before `date_to`.", param="date_from")
    tenant, now_us = look.tenant, to_us(look.clock.now())
    rows = await selecting.of_period(db, tenant, period.from_us, period.to_us, most=MAX_ROWS + 1)
    if len(rows) > MAX_ROWS:
        raise BadRequest(
            f"More than {MAX_ROWS} entries are in that time; choose a shorter one.", param="date_to"
        )
    pack_id = ids.new("ep")
    row: Fields = {
        "tenant": tenant, "id": pack_id, "name": period.name, "description": period.description, "from_us": period.from_us,
        "to_us": period.to_us, "first_seq": rows[0].seq if rows else 0, "last_seq": rows[-1].seq if rows else 0,
        "event_count": len(rows), "created_us": now_us,
    }  # fmt: skip
    row["hash"] = await asyncio.to_thread(_hash, row, rows)
    await queries.add_pack(db, row)
    actor = look.caller.key_id or look.caller.user_id or look.caller.kind
    detail = {"hash": row["hash"], "events": len(rows)}
    act = Act.now(ids, look.clock, kind="evidence.generated", actor=actor, target=pack_id, detail=detail)
    await ledger.append(db, tenant, act)
    return row


def _contents(row: Fields, rows: Sequence[Any]) -> Fields:
    """What the hash of a pack is over."""
    return {
        "format": FORMAT, "id": row["id"], "tenant": row["tenant"], "name": row["name"], "description": row["description"],
        "date_from": iso(row["from_us"]), "date_to": iso(row["to_us"]), "event_count": len(rows),
        "first_seq": rows[0].seq if rows else 0, "last_seq": rows[-1].seq if rows else 0,
        "kinds": dict(Counter(each.kind for each in rows)),
        "decisions": dict(Counter(each.decision for each in rows if each.decision)),
        "rows": [
            {"seq": each.seq, "id": each.id, "kind": each.kind, "at": iso(each.at_us), "hash": bytes(each.hash).hex()}
            for each in rows
        ],
    }  # fmt: skip


def _hash(row: Fields, rows: Sequence[Any]) -> str:
    return sha256(json.canonical(_contents(row, rows))).hexdigest()


async def document(db: AsyncConnection, tenant: str, pack_id: str) -> Fields:
    """A pack whole: its contents as the ledger has them now, whether they are what was hashed, checkpoint and proofs of
    the first and the last row. Raises NoSuchPack."""
    found = await queries.pack(db, tenant, pack_id)
    if found is None:
        raise NoSuchPack(f"There is no evidence pack {pack_id!r}.", id=pack_id)
    row = dict(found)
    # a row that got its place in the chain only afterwards is not part of it
    rows = [
        each for each in await selecting.of_period(db, tenant, row["from_us"], row["to_us"], most=MAX_ROWS)
        if row["first_seq"] <= each.seq <= row["last_seq"]
    ]  # fmt: skip
    contents = await asyncio.to_thread(_contents, row, rows)
    computed = sha256(json.canonical(contents)).hexdigest()
    ends = [] if not rows else [rows[0].id] if len(rows) == 1 else [rows[0].id, rows[-1].id]
    newest = await ledger.newest(db, tenant)
    return contents | {
        "hash": row["hash"], "unchanged": computed == row["hash"], "created_at": iso(row["created_us"]),
        "checkpoint": None if newest is None else newest.as_json(),
        "proofs": [proof for each in ends if (proof := await _proof(db, tenant, each)) is not None],
    }  # fmt: skip


async def _proof(db: AsyncConnection, tenant: str, row_id: str) -> Fields | None:
    try:
        return await ledger.inclusion(db, tenant, row_id)
    except ledger.NotAnchored:
        return None


def listed(row: Any) -> Fields:
    """A pack in a list."""
    return {
        "id": row.id, "name": row.name, "description": row.description, "event_count": row.event_count,
        "date_from": iso(row.from_us), "date_to": iso(row.to_us), "hash": row.hash, "status": "generated",
        "created_at": iso(row.created_us),
    }  # fmt: skip
