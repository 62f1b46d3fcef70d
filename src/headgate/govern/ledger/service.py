"""The ledger: append an act in one's own transaction; the drain numbers and chains; anyone can verify.

`hash = sha256(hash before + canonical JSON of all fields)`; a tenant's chain begins with its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import queries
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.json import canonical
from headgate.store.bulk import Bulk

PAGE = 1000
MAX_SEQUENCED = 1000  # rows given numbers in one transaction
RUNS_RECORDED = "runs.recorded"
RUN_EXTENDED = "run.extended"
DRAIN = "headgate"  # the actor of what the drain itself puts down


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was decided or done, by `actor`. `Act.now` fills in id and time."""

    id: str
    at_us: int
    kind: str
    actor: str
    target: str = ""
    decision: str = ""
    run_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def now(cls, ids: Ids, clock: Clock, *, kind: str, actor: str, **given: Any) -> Act:
        return cls(ids.new("led"), to_us(clock.now()), kind, actor, **given)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying one tenant's chain came to. `first_bad` names the first row that does not fit: its number and id."""

    tenant: str
    ok: bool
    rows: int
    waiting: int
    first_bad: tuple[int, str] | None = None
    reason: str = ""


async def append(db: AsyncConnection, tenant: str, act: Act) -> None:
    """Put `act` down in the caller's transaction. It gets its place in the chain within a second."""
    row = {
        "id": act.id, "tenant": tenant, "seq": None, "at_us": act.at_us, "kind": act.kind, "actor": act.actor, "target": act.target,
        "decision": act.decision, "run_id": act.run_id, "detail": canonical(act.detail).decode(), "hash": None,
    }  # fmt: skip
    await queries.insert(db, row)


def has_waiting(db: Bulk) -> bool:
    """Is there anything to number? Asked often, so cheap."""
    return bool(queries.waiting_rows(db, 1))


def sequence(db: Bulk) -> int:
    """Number and chain what waits, in a transaction of the drain. Returns how many rows."""
    waiting = queries.waiting_rows(db, MAX_SEQUENCED)
    by_tenant: dict[str, list[queries.Row]] = {}
    for row in waiting:
        by_tenant.setdefault(row[1], []).append(row)
    for tenant in sorted(by_tenant):  # one order everywhere, so that two drains can't lock each other out
        seq, digest = queries.lock_head(db, tenant, _start(tenant))
        for row in by_tenant[tenant]:
            following = _digest(digest, row, seq + 1)
            if queries.place(db, row[0], seq + 1, following):
                seq, digest = seq + 1, following
        queries.move_head(db, tenant, seq, digest)
    return len(waiting)


def chain(db: Bulk, acts: Sequence[tuple[str, Act]]) -> None:
    """Put acts of the drain itself down, numbered at once, in its transaction."""
    for tenant, act in sorted(acts, key=lambda each: each[0]):
        seq, digest = queries.lock_head(db, tenant, _start(tenant))
        row = (
            act.id, tenant, seq + 1, act.at_us, act.kind, act.actor, act.target, act.decision, act.run_id,
            canonical(act.detail).decode(), None,
        )  # fmt: skip
        digest = _digest(digest, row, seq + 1)
        queries.add(db, (*row[:-1], digest))
        queries.move_head(db, tenant, seq + 1, digest)


async def verify(db: AsyncConnection, tenant: str) -> Verdict:
    """Walk the tenant's chain, a page at a time, and name the first row that was changed, removed or put in."""
    seq, digest = 0, _start(tenant)
    waiting = await queries.waiting(db, tenant)
    while rows := await queries.page_after(db, tenant, seq, PAGE):
        for row in rows:
            if row.seq != seq + 1:
                return Verdict(tenant, False, seq, waiting, (seq + 1, row.id), "a row is missing before this one")
            digest = _digest(digest, tuple(row), row.seq)
            if row.hash is None or digest != bytes(row.hash):
                return Verdict(tenant, False, seq, waiting, (row.seq, row.id), "this row is not what was chained")
            seq = row.seq
    head = await queries.head(db, tenant)
    if (head or (0, _start(tenant))) != (seq, digest):
        return Verdict(tenant, False, seq, waiting, (seq + 1, ""), "the end of the chain is missing")
    return Verdict(tenant, True, seq, waiting)


async def tenants(db: AsyncConnection) -> list[str]:
    """Whoever has a chain."""
    return await queries.tenants(db)


def _start(tenant: str) -> bytes:
    return sha256(tenant.encode()).digest()


def _digest(before: bytes, row: Sequence[Any], seq: int) -> bytes:
    row_id, tenant, _, at_us, kind, actor, target, decision, run_id, detail, _hash = row
    fields = {
        "id": row_id, "tenant": tenant, "seq": seq, "at_us": at_us, "kind": kind, "actor": actor, "target": target,
        "decision": decision, "run_id": run_id, "detail": detail,
    }  # fmt: skip
    return sha256(before + canonical(fields)).digest()
