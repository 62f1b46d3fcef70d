"""The ledger: append an act in one's own transaction; the drain numbers and chains; anyone can verify.

`hash = sha256(hash before + canonical JSON of all fields)`; a tenant's chain begins with its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.govern.ledger import queries, rows, tree
from headgate.govern.ledger import selecting as selecting  # noqa: PLC0414 given on
from headgate.govern.ledger.proofs import NotAnchored, as_checkpoint, inclusion, newest
from headgate.govern.ledger.walk import Marks, Verdict, Walk, verify
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.json import canonical
from headgate.store.bulk import Bulk
from headgate.store.dialect import one_snapshot
from headgate.store.engine import Database

__all__ = [
    "DRAIN",
    "RUNS_RECORDED",
    "RUN_EXTENDED",
    "Act",
    "Author",
    "Marks",
    "NotAnchored",
    "Verdict",
    "Walk",
    "append",
    "chain",
    "has_waiting",
    "inclusion",
    "newest",
    "selecting",
    "sequence",
    "tenants",
    "verify",
    "verify_apart",
]

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
class Author:
    """Who changes something, and what it takes to put that down."""

    caller: Caller
    ids: Ids
    clock: Clock

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    @property
    def name(self) -> str:
        return self.caller.key_id or self.caller.user_id or self.caller.kind

    @property
    def now_us(self) -> int:
        return to_us(self.clock.now())

    async def tell(self, db: AsyncConnection, kind: str, target: str, **given: Any) -> None:
        """Put down what was changed, in the transaction that changes it."""
        act = Act.now(self.ids, self.clock, kind=kind, actor=self.name, target=target, **given)
        await append(db, self.tenant, act)


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


def verify_apart(url: str, tenant: str, data_dir: Path, recent: int | None = None) -> tuple[Verdict, int]:
    """Verify in a thread, with a database connection of its own. `recent`: begin at the last checkpoint that leaves at
    least so many rows. Returns the verdict and after which row it began."""
    return asyncio.run(_verify_apart(url, tenant, data_dir, recent))


async def _verify_apart(url: str, tenant: str, data_dir: Path, recent: int | None) -> tuple[Verdict, int]:
    database = Database(url)
    try:
        async with database.reading() as db:
            await one_snapshot(db)
            walk = Walk(db, tenant, Marks.of(data_dir))
            start = 0
            head = await queries.head(db, tenant)
            if recent is not None and head is not None:
                row = await queries.checkpoint_up_to(db, tenant, head[0] - recent)
                if row is not None and await walk.skip_to(as_checkpoint(row)):
                    start = row.size
                elif row is not None:
                    walk = Walk(db, tenant, Marks.of(data_dir))  # it does not fit: the whole walk says where
            async for _ in walk.rows():
                pass
            return walk.verdict, start
    finally:
        await database.dispose()


async def tenants(db: AsyncConnection) -> list[str]:
    """Whoever has a chain."""
    return await queries.tenants(db)
