"""Rows of a ledger by what they belong to: a run, a batch of runs, a period. For evidence. And what verifying last came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger.queries import (
    belonging,
    between,
    check_of,
    count_rows,
    first_at,
    holding,
    put_check,
)
from headgate.govern.ledger.walk import Verdict
from headgate.kernel import json
from headgate.kernel.clock import iso

BEHIND = 1000  # rows may stand this far before or behind their time
REACH = 50_000  # how many rows behind the run its batch may be told of


class Check(NamedTuple):
    """What the last verification of a tenant's chain came to."""

    at_us: int
    valid: bool
    rows: int
    reason: str


async def of_run(
    db: AsyncConnection, tenant: str, run_id: str, targets: Sequence[str], *, most: int
) -> Sequence[sa.Row[Any]]:
    """Rows about the run, and those about `targets` (approvals, policies), oldest first; by relation, however old they are."""
    return await belonging(db, tenant, run_id, targets, most)


async def of_batch(db: AsyncConnection, tenant: str, kind: str, first: int, at_us: int) -> sa.Row[Any] | None:
    """The row of `kind` that vouches for the batch of runs which begins with number `first` and was written after `at_us`."""
    low, high = 0, (await count_rows(db, tenant))[0]
    while low < high:  # rows are in the order of their times, but for a few
        middle = (low + high) // 2
        if (await first_at(db, tenant, middle)) < at_us:
            low = middle + 1
        else:
            high = middle
    return await holding(db, tenant, kind, f'"first":{first},', (low - BEHIND, low + REACH))


async def of_period(
    db: AsyncConnection, tenant: str, from_us: int, to_us: int, *, most: int
) -> Sequence[Any]:
    """Rows that have their place in the chain, of a period, in the order of the chain; at most `most`."""
    return await between(db, tenant, from_us, to_us, most)


async def size(db: AsyncConnection, tenant: str) -> int:
    """How many rows the ledger has, those without a place yet included."""
    return sum(await count_rows(db, tenant))


async def remember(db: AsyncConnection, verdict: Verdict, at_us: int) -> None:
    """Keep what a verification came to."""
    row = {
        "tenant": verdict.tenant, "at_us": at_us, "valid": verdict.ok, "rows": verdict.rows, "reason": verdict.reason,
    }  # fmt: skip
    await put_check(db, row)


async def last_check(db: AsyncConnection, tenant: str) -> Check | None:
    row = await check_of(db, tenant)
    return None if row is None else Check(row.at_us, bool(row.valid), row.rows, row.reason)


def shown(row: Any) -> dict[str, Any]:
    """A row as an audit event."""
    return {
        "id": row.id, "seq": row.seq, "timestamp": iso(row.at_us), "kind": row.kind, "actor": row.actor, "target": row.target,
        "decision": row.decision, "runId": row.run_id, "detail": json.decode(row.detail),
        "hash": bytes(row.hash).hex() if row.hash is not None else None,
    }  # fmt: skip
