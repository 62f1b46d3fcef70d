"""The worker's loop: schedule, claim, run with a deadline, heartbeat, record. The job edge: whatever a job raises ends here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from headgate.kernel.clock import to_us
from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks
from headgate.operate.jobs import service
from headgate.operate.jobs.durable import Durable, Parked
from headgate.operate.jobs.schemas import Job, JobContext, JobServices, JobSpec, Json
from headgate.operate.jobs.service import Enqueuer, Worker

log = get_log("jobs")

SLOTS = 8
HEARTBEAT_S = service.LEASE_S / 3
LONGEST_IDLE_S = 4.0  # notices wake us; the poll is for jobs that came without one
OUTAGE_PAUSE_S = 2.0
SETTLE_TRIES = 5
DATABASE_GONE = (SQLAlchemyError, OSError, TimeoutError)


def full_jitter() -> float:
    """A number in [0, 1) from the system's own generator."""
    return secrets.randbits(32) / 2**32


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an idle worker looks: from `first_s`, twice as long each time, to `longest_s`. A wake-up starts over."""

    first_s: float = 0.5
    longest_s: float = LONGEST_IDLE_S


class Runner:
    """Runs jobs of `specs` until it is stopped."""

    def __init__(
        self,
        services: JobServices,
        specs: Iterable[JobSpec],
        worker: Worker,
        *,
        durable: Durable,
        pace: Pace | None = None,
    ) -> None:
        self._services = services
        self._specs = {spec.kind: spec for spec in specs}
        self._worker = worker
        self._durable = durable
        self._pace = pace or Pace()
        self._enqueuer = Enqueuer(services.ids, services.clock)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks = Tasks()
        self._wake = asyncio.Event()
        self._stopping = False
        self._scheduled_until_s = 0.0

    def wake(self) -> None:
        """There may be work: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. The database may be away for any time; the loop waits for it."""
        beat = self._tasks.spawn(self._heartbeats(), name="jobs.heartbeat")
        taken_back = False
        idle_s = self._pace.first_s
        while not self._stopping:
            self._wake.clear()
            try:
                if not taken_back:
                    await self._take_back()
                    taken_back = True
                pause_s = await self._look()
            except DATABASE_GONE as error:
                log.warning("jobs.database_unavailable", error=repr(error))
                pause_s = OUTAGE_PAUSE_S
            await self._durable.rest_if_idle()
            idle_s = self._pace.first_s if pause_s == 0.0 else idle_s
            if pause_s and await self._pause(min(pause_s, idle_s)):
                idle_s = self._pace.first_s
            elif pause_s:
                idle_s = min(idle_s * 2, self._pace.longest_s)
        beat.cancel()

    async def _take_back(self) -> None:
        async with self._services.database.writing() as db:
            count = await service.take_back(db, self._worker)
        if count:
            log.info("jobs.taken_back", count=count, worker=self._worker.name)

    async def _look(self) -> float:
        """Start what is due; how long there is nothing more to do, at most (0: look again at once)."""
        clock, database = self._services.clock, self._services.database
        if clock.now() >= self._scheduled_until_s:
            async with database.writing() as db:
                await self._enqueuer.schedule(db, self._specs.values())
            boundary_s = service.next_boundary_s(self._specs.values(), clock.now())
            self._scheduled_until_s = float("inf") if boundary_s is None else boundary_s
        free = SLOTS - len(self._running)
        if free <= 0:
            return self._pace.longest_s  # the end of a job wakes us
        async with database.reading() as db:
            due_us = await service.next_due_us(db, self._specs)
        if due_us is None or due_us > to_us(clock.now()):
            return self._pace.longest_s if due_us is None else max(0.01, due_us / 1e6 - clock.now())
        async with database.writing() as db:
            jobs = await service.claim(db, self._worker, self._specs, limit=free)
        for job in jobs:
            self._running[job.id] = self._tasks.spawn(self._run(job), name=f"jobs.{job.kind}")
        return 0.0 if jobs else self._pace.first_s

    async def _pause(self, seconds: float) -> bool:
        """Wait; True when woken before the time was over."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _run(self, job: Job) -> None:
        """The job edge."""
        spec, worker = self._specs[job.kind], self._worker
        context = JobContext(job, self._services, _step_now, lambda value: self._report(job, value))
        try:
            if spec.engine == "durable":
                result = await self._durable.run(spec, context)
            else:
                async with asyncio.timeout(spec.timeout_s):
                    result = await spec.run(context)
        except (Parked, asyncio.CancelledError):
            await self._settle(job, lambda db: service.put_back(db, worker, job))
        except Exception as error:  # noqa: BLE001 the job edge: a job may raise anything, and it is on record
            log.warning("jobs.failed", job=job.id, kind=job.kind, attempt=job.attempts, error=repr(error))
            failure = error
            await self._settle(job, lambda db: service.fail(db, worker, job, failure, jitter=full_jitter))
        else:
            on_record = await self._settle(job, lambda db: service.succeed(db, worker, job.id, result))
            if on_record and spec.engine == "durable":
                await self._durable.forget(job.id)
        finally:
            self._running.pop(job.id, None)
            self.wake()

    async def _settle(self, job: Job, work: Callable[[service.AsyncConnection], Awaitable[bool]]) -> bool:
        """Record how a job ended. False when it is not ours any more, or when the database stays away:
        then its lease runs out and it is done again."""
        for attempt in range(SETTLE_TRIES):
            try:
                async with self._services.database.writing() as db:
                    ours = await work(db)
                if not ours:
                    log.info("jobs.lease_lost", job=job.id, kind=job.kind)
                return ours
            except DATABASE_GONE as error:
                log.warning("jobs.not_settled", job=job.id, error=repr(error))
                await asyncio.sleep(0.2 * 2**attempt)
        return False

    async def _report(self, job: Job, value: Json) -> None:
        """Note the progress. It is for people to look at: without it the job goes on."""
        try:
            async with self._services.database.writing() as db:
                await service.report(db, self._worker, job.id, value)
        except DATABASE_GONE as error:
            log.warning("jobs.no_progress", job=job.id, error=repr(error))

    async def _heartbeats(self) -> None:
        """Keep the leases; a job whose lease went to someone else, or that was cancelled, is stopped."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            running = dict(self._running)
            if not running:
                continue
            try:
                async with self._services.database.writing() as db:
                    ours = await service.heartbeat(db, self._worker, running)
            except DATABASE_GONE as error:
                log.warning("jobs.no_heartbeat", error=repr(error))
                continue
            for job_id in running.keys() - ours:
                running[job_id].cancel()

    async def stop(self, grace_s: float) -> None:
        """Claim nothing more, let the running steps end (at most `grace_s`), put back what is not done."""
        self._stopping = True
        self.wake()
        self._durable.park()
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=grace_s)
        await self._tasks.cancel_all(timeout_s=2.0)
        await self._durable.close()


async def _step_now(_name: str, work: Callable[[], Awaitable[Json]], /) -> Json:
    """The step of a lease job: nothing is kept."""
    return await work()
