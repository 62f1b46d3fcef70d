"""The life of a job: enqueue, claim, heartbeat, finish or try again; and the periodic ones. Works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page, page_body
from headgate.operate.jobs import queries
from headgate.operate.jobs.schemas import STATES, SYSTEM_TENANT, Engine, Job, JobSpec, Json

LEASE_S = 30.0
RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 600.0
MAX_ERROR_CHARS = 500
# tell Notices.changed(NOTICE_PART, tenant) after the commit, and the worker looks at once
NOTICE_PART = "jobs"


RETRIABLE = ("dead", "failed", "cancelled")


class NoSuchJob(NotFound):
    """No job with this id that the caller may see."""


class WrongState(Conflict):
    """What was asked for cannot be done to a job in this state."""

    code = "job_state"


class JobFailed(Exception):
    """Raised by a job that would fail the same way again: no further attempt."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Who claims: the lease owner's name, and by which clock."""

    name: str
    clock: Clock

    def now_us(self) -> int:
        return to_us(self.clock.now())

    def lease(self) -> tuple[str, int]:
        return self.name, self.now_us() + to_us(LEASE_S)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be enqueued. A dedupe key is taken for as long as the job that has it is kept, also when that has ended."""

    spec: JobSpec
    tenant: str = SYSTEM_TENANT
    payload: Json = field(default_factory=dict[str, Any])
    dedupe_key: str | None = None
    run_at_us: int | None = None  # None: now


@dataclass(frozen=True, slots=True)
class Enqueuer:
    """What makes a job: ids and the clock."""

    ids: Ids
    clock: Clock

    async def enqueue(self, db: AsyncConnection, new: NewJob) -> str:
        """Put a job in the table and give its id. Under a dedupe key that is taken, the id is that of the job which has it."""
        now_us = to_us(self.clock.now())
        spec, job_id = new.spec, self.ids.new("job")
        row = {
            "id": job_id, "tenant": new.tenant, "kind": spec.kind, "engine": spec.engine, "state": "queued",
            "run_at_us": now_us if new.run_at_us is None else new.run_at_us, "lease_until_us": 0, "lease_owner": "",
            "attempts": 0, "max_attempts": spec.max_attempts, "dedupe_key": new.dedupe_key, "payload": new.payload,
            "created_us": now_us, "updated_us": now_us,
        }  # fmt: skip
        await queries.insert(db, row)
        if new.dedupe_key is None:
            return job_id
        return await queries.by_dedupe(db, new.tenant, spec.kind, new.dedupe_key) or job_id

    async def schedule(self, db: AsyncConnection, specs: Iterable[JobSpec]) -> None:
        """Make sure that every periodic kind has its job for the coming period, once: the period is the dedupe key."""
        now_s = int(self.clock.now())
        for spec in specs:
            if spec.every_s:
                period = now_s // spec.every_s + 1
                start_us = to_us(period * spec.every_s)
                await self.enqueue(db, NewJob(spec, dedupe_key=f"period:{period}", run_at_us=start_us))


def next_boundary_s(specs: Iterable[JobSpec], now_s: float) -> float | None:
    """When the next period of any of `specs` begins."""
    times = [(int(now_s) // spec.every_s + 1) * spec.every_s for spec in specs if spec.every_s]
    return float(min(times)) if times else None


async def claim(db: AsyncConnection, worker: Worker, kinds: Collection[str], *, limit: int) -> list[Job]:
    """Take up to `limit` jobs that are due, or whose worker died. Needs a writing transaction."""
    now_us = worker.now_us()
    await queries.bury_abandoned(db, now_us)
    rows = await queries.claim(db, kinds, limit=limit, lease=worker.lease(), now_us=now_us)
    return [_job(row) for row in rows]


async def heartbeat(db: AsyncConnection, worker: Worker, job_ids: Collection[str]) -> set[str]:
    """Prolong the leases; the ids whose lease is still ours. The others must stop."""
    return await queries.renew(db, sorted(job_ids), lease=worker.lease(), now_us=worker.now_us())


async def report(db: AsyncConnection, worker: Worker, job_id: str, progress: Json) -> bool:
    """Note how far a running job is."""
    return await queries.change_owned(
        db, job_id, worker.name, {"progress": progress, "updated_us": worker.now_us()}
    )


async def succeed(db: AsyncConnection, worker: Worker, job_id: str, result: Json) -> bool:
    return await _end(db, worker, job_id, {"state": "succeeded", "result": result, "error": None})


async def fail(
    db: AsyncConnection, worker: Worker, job: Job, error: BaseException, *, jitter: Callable[[], float]
) -> bool:
    """Try again later (full jitter), or give up: `failed` when it said so itself, `dead` when the attempts are used up."""
    text = f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS]
    if isinstance(error, JobFailed):
        return await _end(db, worker, job.id, {"state": "failed", "error": text})
    if job.attempts >= job.max_attempts:
        return await _end(db, worker, job.id, {"state": "dead", "error": text})
    ceiling_s = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2 ** (job.attempts - 1))
    again = {"state": "queued", "error": text, "run_at_us": worker.now_us() + to_us(ceiling_s * jitter())}
    return await _let_go(db, worker, job.id, again)


async def put_back(db: AsyncConnection, worker: Worker, job: Job) -> bool:
    """The worker stops before the job is done: another one may have it at once, and the attempt does not count."""
    return await _let_go(
        db, worker, job.id, {"state": "queued", "attempts": job.attempts - 1, "run_at_us": worker.now_us()}
    )


async def take_back(db: AsyncConnection, worker: Worker) -> int:
    """At start: what a dead process of the same name was running can be claimed at once."""
    return await queries.release_all(db, worker.name, now_us=worker.now_us())


@dataclass(frozen=True, slots=True)
class Foreman:
    """Who decides about a job that exists, and with what it is put down in the ledger."""

    caller: Caller
    ids: Ids
    clock: Clock

    async def cancel(self, db: AsyncConnection, job_id: str) -> Json:
        """Stop a job that has not ended. One that runs notices at its next heartbeat. Raises NoSuchJob or WrongState."""
        now_us = to_us(self.clock.now())
        done = await queries.cancel(db, visible(self.caller), job_id, now_us=now_us)
        return await self._decided(db, job_id, "cancelled", done)

    async def retry(self, db: AsyncConnection, job_id: str) -> Json:
        """Run a job once more that is dead, failed or cancelled; its attempts count from the beginning.
        Raises NoSuchJob or WrongState."""
        now_us = to_us(self.clock.now())
        done = await queries.start_over(db, visible(self.caller), job_id, RETRIABLE, now_us=now_us)
        return await self._decided(db, job_id, "retried", done)

    async def _decided(self, db: AsyncConnection, job_id: str, what: str, done: bool) -> Json:
        row = await queries.one(db, visible(self.caller), job_id)
        if row is None:
            raise NoSuchJob(f"There is no job {job_id!r}.", id=job_id)
        if not done:
            raise WrongState(f"A job that is {row['state']} cannot be {what}.", id=job_id, state=row["state"])
        actor = self.caller.key_id or self.caller.user_id or self.caller.kind
        detail = {"kind": row["kind"], "owner": row["tenant"] or "server"}
        act = Act.now(
            self.ids, self.clock, kind=f"job.{what}", actor=actor, target=job_id, decision=what, detail=detail
        )
        await ledger.append(db, self.caller.tenant, act)
        return _view(row)


async def _end(db: AsyncConnection, worker: Worker, job_id: str, changes: Json) -> bool:
    return await _let_go(db, worker, job_id, changes | {"finished_us": worker.now_us()})


async def _let_go(db: AsyncConnection, worker: Worker, job_id: str, changes: Json) -> bool:
    freed = {"lease_owner": "", "lease_until_us": 0, "updated_us": worker.now_us()}
    return await queries.change_owned(db, job_id, worker.name, changes | freed)


async def is_wanted(db: AsyncConnection, job_id: str) -> bool:
    """Is the job waiting or running, so that its workflow has a reason to go on?"""
    return await queries.state_of(db, job_id) in ("queued", "running")


async def next_due_us(db: AsyncConnection, kinds: Collection[str]) -> int | None:
    return await queries.next_due(db, kinds)


async def delete_finished(db: AsyncConnection, *, before_us: int, limit: int) -> int:
    """Forget up to `limit` jobs that ended before `before_us`; how many there were."""
    return await queries.delete_finished(db, before_us=before_us, limit=limit)


async def list_jobs(db: AsyncConnection, caller: Caller, status: str | None, page: Page) -> Json:
    """A page of the tenant's jobs and the stats. The server's own jobs are shown to admins of the default tenant."""
    if status is not None and status not in STATES:
        raise BadRequest(f"status must be one of {', '.join(STATES)}.", param="status")
    tenants = visible(caller)
    rows, total = await queries.page(db, tenants, status, page)
    counts = await queries.count_by_state(db, tenants)
    stats = {state: counts.get(state, 0) for state in STATES} | {"total": sum(counts.values())}
    return page_body("jobs", [_view(row) for row in rows], page, total) | {"stats": stats}


def visible(caller: Caller) -> list[str]:
    """Whose jobs a caller sees: the server's own are for admins of the default tenant."""
    operates = caller.admin and caller.tenant == DEFAULT_TENANT
    return [caller.tenant, SYSTEM_TENANT] if operates else [caller.tenant]


def _job(row: queries.Row) -> Job:
    return Job(
        id=row["id"], tenant=row["tenant"], kind=row["kind"], engine=cast(Engine, row["engine"]), attempts=row["attempts"],
        max_attempts=row["max_attempts"], payload=row["payload"],
    )  # fmt: skip


def _view(row: queries.Row) -> dict[str, Any]:
    finished = row["finished_us"]
    return {
        "id": row["id"], "kind": row["kind"], "engine": row["engine"], "status": row["state"], "attempts": row["attempts"],
        "maxAttempts": row["max_attempts"], "runAt": iso(row["run_at_us"]), "createdAt": iso(row["created_us"]),
        "updatedAt": iso(row["updated_us"]), "finishedAt": None if finished is None else iso(finished),
        "progress": row["progress"], "result": row["result"], "error": row["error"],
    }  # fmt: skip
