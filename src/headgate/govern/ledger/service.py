"""The ledger: append an act in one's own transaction; the drain numbers and chains; anyone can verify.

`hash = sha256(hash before + canonical JSON of all fields)`; a tenant's chain begins with its name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import queries, rows, tree
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.json import canonical
from headgate.store.bulk import Bulk

PAGE = 1000
MAX_SEQUENCED = 5000  # rows of a tenant given numbers in one transaction
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
    return queries.has_waiting(db)


def sequence(db: Bulk) -> int:
    """Number and chain what waits, in a transaction of the drain. Returns how many rows."""
    done = 0
    for tenant in queries.waiting_tenants(
        db
    ):  # one order everywhere, so that two drains can't lock each other out
        seq, digest = queries.lock_head(db, tenant, rows.start(tenant))
        placed: list[tuple[str, int, bytes]] = []
        for row in queries.waiting_rows(
            db, tenant, MAX_SEQUENCED
        ):  # read behind the lock: nobody else has numbered them
            seq += 1
            digest = rows.chain_hash(digest, rows.fields_of(row, seq))
            placed.append((row[0], seq, digest))
        queries.place(db, placed)
        _move_on(db, tenant, seq, digest)
        done += len(placed)
    return done


def chain(db: Bulk, acts: Sequence[tuple[str, Act]]) -> None:
    """Put acts of the drain itself down, numbered at once, in its transaction."""
    by_tenant: dict[str, list[Act]] = {}
    for tenant, act in acts:
        by_tenant.setdefault(tenant, []).append(act)
    for tenant in sorted(by_tenant):
        seq, digest = queries.lock_head(db, tenant, rows.start(tenant))
        added: list[queries.Row] = []
        for act in by_tenant[tenant]:
            seq += 1
            row = (
                act.id, tenant, seq, act.at_us, act.kind, act.actor, act.target, act.decision, act.run_id,
                canonical(act.detail).decode(),
            )  # fmt: skip
            digest = rows.chain_hash(digest, rows.fields_of(row, seq))
            added.append((*row, digest))
        queries.add(db, added)
        _move_on(db, tenant, seq, digest)


def _move_on(db: Bulk, tenant: str, seq: int, digest: bytes) -> None:
    queries.move_head(db, tenant, seq, digest)
    tree.grow(db, tenant, seq)


class Walk:
    """Goes along one tenant's chain and stops where it is broken. After that `verdict` says how it went."""

    def __init__(self, db: AsyncConnection, tenant: str) -> None:
        self._db = db
        self._tenant = tenant
        self.verdict = Verdict(tenant, True, 0, 0)

    async def rows(self) -> AsyncGenerator[Any]:
        """Every row that is as it was chained, a page in memory at a time."""
        tenant, seq, digest = self._tenant, 0, rows.start(self._tenant)
        waiting = await queries.waiting(self._db, tenant)
        while page := await queries.page_after(self._db, tenant, seq, PAGE):
            for row in page:
                digest = rows.chain_hash(digest, rows.fields_of(row, row.seq))
                reason = _misfit(row, seq, digest)
                if reason:
                    self.verdict = Verdict(tenant, False, seq, waiting, (row.seq, row.id), reason)
                    return
                seq = row.seq
                yield row
        head = await queries.head(self._db, tenant)
        if (head or (0, rows.start(tenant))) != (seq, digest):
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
