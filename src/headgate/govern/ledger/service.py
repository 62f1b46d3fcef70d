"""The ledger: append an act in one's own transaction; the drain numbers and chains; anyone can verify.

`hash = sha256(hash before + canonical JSON of all fields)`; a tenant's chain begins with its name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
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
        "id": act.id, "tenant": tenant, "seq": None, "at_us": act.at_us, "kind": act.kind, "actor": act.actor,
        "target": act.target, "decision": act.decision, "run_id": act.run_id, "detail": canonical(act.detail).decode(),
        "hash": None,
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


class Walk:
    """Goes along one tenant's chain and stops where it is broken. After that `verdict` says how it went."""

    def __init__(self, db: AsyncConnection, tenant: str) -> None:
        self._db = db
        self._tenant = tenant
        self.verdict = Verdict(tenant, True, 0, 0)

    async def rows(self) -> AsyncGenerator[Any]:
        """Every row that is as it was chained, a page in memory at a time."""
        tenant, seq, digest = self._tenant, 0, _start(self._tenant)
        waiting = await queries.waiting(self._db, tenant)
        while rows := await queries.page_after(self._db, tenant, seq, PAGE):
            for row in rows:
                digest = _digest(digest, tuple(row), row.seq)
                reason = _misfit(row, seq, digest)
                if reason:
                    self.verdict = Verdict(tenant, False, seq, waiting, (row.seq, row.id), reason)
                    return
                seq = row.seq
                yield row
        head = await queries.head(self._db, tenant)
        if (head or (0, _start(tenant))) != (seq, digest):
            self.verdict = Verdict(
                tenant, False, seq, waiting, (seq + 1, ""), "the end of the chain is missing"
            )
            return
        self.verdict = Verdict(tenant, True, seq, waiting)


def _misfit(row: Any, before: int, digest: bytes) -> str:
    if row.seq != before + 1:
        return "a row is missing before this one"
    if row.hash is None or digest != bytes(row.hash):
        return "this row is not what was chained"
    return ""


async def verify(db: AsyncConnection, tenant: str) -> Verdict:
    """Walk the tenant's chain and name the first row that was changed, removed or put in."""
    walk = Walk(db, tenant)
    async for _ in walk.rows():
        pass
    return walk.verdict


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
