"""Verification of everything: the ledger of each tenant, and along it the runs that it vouches for, event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import service as ledger
from headgate.kernel import json
from headgate.record.runs.chain import follow, verify
from headgate.record.runs.queries import verifying
from headgate.record.runs.rows import facts_of_row
from headgate.store.dialect import one_snapshot

MAX_PROBLEMS = 100  # named for each tenant; more are only counted


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written. `index` is the first bad event of a run."""

    what: str  # ledger | run
    id: str
    reason: str
    index: int | None = None


@dataclass(slots=True)
class TenantReport:
    """What was checked of a tenant, and what was wrong with it."""

    tenant: str
    ledger_rows: int = 0
    waiting: int = 0  # acts that have no place in the chain yet
    anchored: int = 0  # rows of the ledger before a signed checkpoint
    checkpoints: int = 0
    runs: int = 0
    events: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])

    def add(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


@dataclass(slots=True)
class Report:
    """The outcome for all tenants."""

    tenants: list[TenantReport] = field(default_factory=list[TenantReport])

    @property
    def ok(self) -> bool:
        return not any(each.problem_count for each in self.tenants)


async def verify_all(db: AsyncConnection, marks: ledger.Marks | None = None) -> Report:
    """Check every chain there is. Memory stays small however long they are. Takes `db` as it comes from `reading()`."""
    await one_snapshot(db)
    tenants = sorted({*await ledger.tenants(db), *await verifying.tenants(db)})
    return Report([await verify_tenant(db, tenant, marks) for tenant in tenants])


async def verify_tenant(db: AsyncConnection, tenant: str, marks: ledger.Marks | None = None) -> TenantReport:
    """Check one tenant."""
    report = TenantReport(tenant)
    walk = ledger.Walk(db, tenant, marks)
    async for row in walk.rows():
        if row.kind == ledger.RUNS_RECORDED:
            await _check_batch(db, tenant, json.decode(row.detail), report)
        elif row.kind == ledger.RUN_EXTENDED:
            await _check_extended(db, tenant, row.run_id, json.decode(row.detail), report)
    verdict = walk.verdict
    report.ledger_rows, report.waiting = verdict.rows, verdict.waiting
    report.anchored, report.checkpoints = verdict.anchored, verdict.checkpoints
    if not verdict.ok:
        number, row_id = verdict.first_bad or (0, "")
        report.add(Problem("ledger", row_id or f"row {number}", verdict.reason, number))
    elif (stored := await verifying.count(db, tenant)) != report.runs:
        report.add(
            Problem("run", tenant, f"{stored} runs are stored, and the ledger vouches for {report.runs}")
        )
    return report


async def _check_batch(
    db: AsyncConnection, tenant: str, detail: dict[str, Any], report: TenantReport
) -> None:
    runs = await verifying.batch(db, tenant, detail["first"], detail["last"])
    report.runs += len(runs)
    sound = [_check_run(run, report) for run in runs]
    digest = sha256(b"".join(run.id.encode() + bytes(run.head) for run in runs)).hexdigest()
    if (len(runs), digest) == (detail["runs"], detail["digest"]):
        return
    if all(sound):  # otherwise the run that was changed is named already
        names = f"{runs[0].id} to {runs[-1].id}" if runs else f"numbers {detail['first']} to {detail['last']}"
        report.add(
            Problem(
                "run", names, f"{len(runs)} of {detail['runs']} runs are there, or their heads were changed"
            )
        )


def _check_run(run: Any, report: TenantReport) -> bool:
    result = verify(
        run.id, bytes(run.chain or b""), facts=facts_of_row(run), head=bytes(run.head), count=run.event_count
    )
    report.events += result.count
    if not result.ok:
        report.add(Problem("run", run.id, _misfit(result.first_bad or 0), result.first_bad))
    return result.ok


def _misfit(first_bad: int) -> str:
    also = ", or the run's money, status or route was changed" if first_bad == 0 else ""
    return f"event {first_bad} is not what was chained{also}"


async def _check_extended(
    db: AsyncConnection, tenant: str, run_id: str, detail: dict[str, Any], report: TenantReport
) -> None:
    found = await verifying.extended(db, tenant, run_id)
    if found is None:
        report.add(Problem("run", run_id, "the run is missing"))
        return
    head, count, late = found
    reached = _reach(head, count, late[: detail["events"] - count])
    if reached != (detail["events"], detail["head"]):
        report.add(Problem("run", run_id, f"event {reached[0]} is not what was chained", reached[0]))


def _reach(head: bytes, count: int, late: Sequence[bytes]) -> tuple[int, str]:
    """How far the chain of a run goes along its late events, and with which head."""
    for chain in late:
        added = follow(head, chain)
        if not added.ok or added.count != 1:
            break
        head, count = added.head, count + 1
    return count, head.hex()
