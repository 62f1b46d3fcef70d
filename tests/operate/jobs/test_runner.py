"""The worker's loop: whatever a job raises is on record, deadlines hold, two workers share the work and schedule once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.call.ports import Answer, Ask
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import Unavailable
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.operate.jobs import service
from headgate.operate.jobs.durable import Durable, DurableConfig
from headgate.operate.jobs.runner import Pace, Runner, full_jitter
from headgate.operate.jobs.schemas import SYSTEM_TENANT, JobContext, JobServices, JobSpec, Json
from headgate.operate.jobs.service import Enqueuer, JobFailed, NewJob, Worker
from headgate.store.engine import Database

pytestmark = pytest.mark.asyncio
CLOCK = SystemClock()
IDS = Ids(CLOCK)
DEADLINE_S = 20


class NoModels:
    """A call port with nothing behind it."""

    async def ask(self, ask: Ask) -> Answer:
        raise Unavailable("There is no gateway here.")


class NoPlane:
    """Notices that nobody hears."""

    async def changed(self, part: str, tenant: str) -> None:
        return


@asynccontextmanager
async def _working(database: Database, specs: Sequence[JobSpec], *names: str) -> AsyncIterator[list[Runner]]:
    """Running workers, one for each name."""

    async def wanted(job_id: str) -> bool:
        return True

    services = JobServices(database, CLOCK, IDS, NoPlane(), NoModels(), SimpleNamespace(data_dir=Path()))
    runners = [
        Runner(
            services,
            specs,
            Worker(name, CLOCK),
            durable=Durable(DurableConfig("", name), wanted),
            pace=Pace(0.01, 0.05),
        )
        for name in names
    ]
    tasks = [asyncio.ensure_future(runner.run()) for runner in runners]
    try:
        yield runners
    finally:
        for runner in runners:
            await runner.stop(5)
        await asyncio.gather(*tasks)


async def _enqueue(database: Database, spec: JobSpec, count: int = 1) -> None:
    async with database.writing() as db:
        for number in range(count):
            await Enqueuer(IDS, CLOCK).enqueue(db, NewJob(spec, DEFAULT_TENANT, {"n": number}))


async def _jobs(database: Database) -> list[Json]:
    caller = Caller(DEFAULT_TENANT, "open", admin=True)
    async with database.reading() as db:
        return (await service.list_jobs(db, caller, None, Page(limit=500)))["jobs"]


async def _all_in(database: Database, *states: str) -> list[Json]:
    async with asyncio.timeout(DEADLINE_S):
        while not (jobs := await _jobs(database)) or any(job["status"] not in states for job in jobs):
            await asyncio.sleep(0.02)
    return jobs


async def test_two_workers_run_every_job_once(database: Database) -> None:
    done: list[int] = []

    async def work(context: JobContext) -> Json:
        done.append(context.job.payload["n"])
        await context.progress({"at": 1})
        return {"n": context.job.payload["n"]}

    spec = JobSpec("work", work)
    await _enqueue(database, spec, 40)
    async with _working(database, [spec], "one", "two"):
        jobs = await _all_in(database, "succeeded")
    assert sorted(done) == list(range(40))
    assert all(job["attempts"] == 1 and job["progress"] == {"at": 1} for job in jobs)


@pytest.mark.parametrize(
    ("error", "state", "attempts"),
    [(ValueError("broken"), "dead", 2), (JobFailed("hopeless"), "failed", 1), (KeyError("k"), "dead", 2)],
)
async def test_whatever_a_job_raises_is_on_record_and_the_worker_lives(
    database: Database, error: Exception, state: str, attempts: int
) -> None:
    async def fail(context: JobContext) -> Json:
        raise error

    async def work(context: JobContext) -> Json:
        return {}

    bad, good = JobSpec("bad", fail, max_attempts=2), JobSpec("good", work)
    await _enqueue(database, bad)
    async with _working(database, [bad, good], "one"):
        (job,) = await _all_in(database, state)
        assert job["attempts"] == attempts and type(error).__name__ in job["error"]
        await _enqueue(database, good)
        await _all_in(database, state, "succeeded")


async def test_a_job_that_takes_too_long_is_stopped_and_recorded(database: Database) -> None:
    async def hang(context: JobContext) -> Json:
        await asyncio.Event().wait()
        return {}

    spec = JobSpec("hang", hang, timeout_s=0.05, max_attempts=1)
    await _enqueue(database, spec)
    async with _working(database, [spec], "one"):
        (job,) = await _all_in(database, "dead")
    assert "TimeoutError" in job["error"]


async def test_two_workers_schedule_each_period_once(database: Database) -> None:
    ran: list[str] = []

    async def tick(context: JobContext) -> Json:
        ran.append(context.job.id)
        return {}

    spec = JobSpec("tick", tick, every_s=1)
    async with _working(database, [spec], "one", "two"), asyncio.timeout(DEADLINE_S):
        while len(ran) < 3:
            await asyncio.sleep(0.05)
    jobs = await _jobs(database)
    assert len({job["runAt"] for job in jobs}) == len(jobs)
    assert len(set(ran)) == len(ran)


async def test_a_retried_dead_job_runs_and_a_cancelled_one_does_not(database: Database) -> None:
    done: list[int] = []
    broken = {1, 2}

    async def work(context: JobContext) -> Json:
        number = context.job.payload["n"]
        if number in broken:
            raise ValueError("broken")
        done.append(number)
        return {}

    spec = JobSpec("work", work, max_attempts=1)
    foreman = service.Foreman(Caller(DEFAULT_TENANT, "open", admin=True), IDS, CLOCK)
    await _enqueue(database, spec, 3)
    async with _working(database, [spec], "one"):
        dead = [job["id"] for job in await _all_in(database, "succeeded", "dead") if job["status"] == "dead"]
    broken.clear()
    assert len(dead) == 2
    async with database.writing() as db:
        for job_id in dead:
            await foreman.retry(db, job_id)
        await foreman.cancel(db, dead[0])  # newest first: number 2
    async with _working(database, [spec], "one"):
        jobs = await _all_in(database, "succeeded", "cancelled")
    assert done == [0, 1]
    assert sorted(job["status"] for job in jobs) == ["cancelled", "succeeded", "succeeded"]


async def test_kinds_that_this_version_does_not_know_are_left_alone(database: Database) -> None:
    async def work(context: JobContext) -> Json:
        return {}

    await _enqueue(database, JobSpec("of a later version", work))
    await _enqueue(database, JobSpec("known", work))
    async with _working(database, [JobSpec("known", work)], "one"):
        jobs = await _all_in(database, "succeeded", "queued")
        while {job["kind"]: job["status"] for job in jobs}["known"] != "succeeded":
            jobs = await _all_in(database, "succeeded", "queued")
            await asyncio.sleep(0.01)
    assert {job["kind"]: job["status"] for job in await _jobs(database)} == {
        "known": "succeeded",
        "of a later version": "queued",
    }


async def test_a_stopping_worker_gives_back_what_it_could_not_finish(database: Database) -> None:
    began = asyncio.Event()

    async def hang(context: JobContext) -> Json:
        began.set()
        await asyncio.Event().wait()
        return {}

    spec = JobSpec("hang", hang)
    await _enqueue(database, spec)
    async with _working(database, [spec], "one") as (runner,):
        await asyncio.wait_for(began.wait(), DEADLINE_S)
        await runner.stop(0.05)
    (job,) = await _jobs(database)
    assert (job["status"], job["attempts"]) == ("queued", 0)


async def test_the_jitter_is_full() -> None:
    drawn = [full_jitter() for _ in range(2000)]
    assert min(drawn) < 0.05 and max(drawn) > 0.95 and all(0 <= each < 1 for each in drawn)
    assert SYSTEM_TENANT == ""  # no tenant has this name: ids carry a prefix
