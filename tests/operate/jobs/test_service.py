"""Jobs as rows: claimed once, taken over when a worker dies, tried again, given up, scheduled once a period, walled by tenant."""

from __future__ import annotations

import asyncio

import pytest

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.kernel.errors import BadRequest, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.operate.jobs import service
from headgate.operate.jobs.schemas import Job, JobContext, JobSpec, Json
from headgate.operate.jobs.service import Enqueuer, Foreman, JobFailed, NewJob, Worker, WrongState
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock

pytestmark = pytest.mark.asyncio


async def _nothing(context: JobContext) -> Json:
    return {}


MAIL = JobSpec("mail", _nothing, max_attempts=3)
SWEEP = JobSpec("sweep", _nothing, every_s=300)
KINDS = {"mail", "sweep"}
ADMIN = Caller(DEFAULT_TENANT, "open", frozenset({"*"}), admin=True)


async def _enqueue(database: Database, clock: FixedClock, new: NewJob) -> str:
    async with database.writing() as db:
        return await Enqueuer(Ids(clock), clock).enqueue(db, new)


async def _claim(database: Database, worker: Worker, limit: int = 10) -> list[Job]:
    async with database.writing() as db:
        return await service.claim(db, worker, KINDS, limit=limit)


def foreman(tenant: str, clock: FixedClock) -> Foreman:
    return Foreman(Caller(tenant, "pk", key_id="key_1"), Ids(clock), clock)


async def _list(database: Database, caller: Caller, status: str | None = None) -> Json:
    async with database.reading() as db:
        return await service.list_jobs(db, caller, status, Page())


async def test_two_workers_claim_every_job_once(database: Database, clock: FixedClock) -> None:
    ids = {await _enqueue(database, clock, NewJob(MAIL, "ten_a", {"n": n})) for n in range(60)}
    claimed: list[str] = []

    async def work(name: str) -> None:
        while jobs := await _claim(database, Worker(name, clock), 3):
            claimed.extend(job.id for job in jobs)

    await asyncio.gather(work("one"), work("two"), work("three"))
    assert sorted(claimed) == sorted(ids)


async def test_a_job_of_a_dead_worker_is_taken_over_when_its_lease_ends_and_the_dead_one_changes_nothing(
    database: Database, clock: FixedClock
) -> None:
    job_id = await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    dead, alive = Worker("dead", clock), Worker("alive", clock)
    assert [job.id for job in await _claim(database, dead)] == [job_id]
    clock.advance(service.LEASE_S - 1)
    assert await _claim(database, alive) == []
    async with database.writing() as db:
        assert await service.heartbeat(db, dead, [job_id]) == {job_id}
    clock.advance(service.LEASE_S - 1)
    assert await _claim(database, alive) == []  # the heartbeat prolonged it
    clock.advance(2)
    (taken,) = await _claim(database, alive)
    assert (taken.id, taken.attempts) == (job_id, 2)
    async with database.writing() as db:
        assert await service.heartbeat(db, dead, [job_id]) == set()
        assert not await service.succeed(db, dead, job_id, {"by": "dead"})
        assert await service.succeed(db, alive, job_id, {"by": "alive"})
    (shown,) = (await _list(database, Caller("ten_a", "pk")))["jobs"]
    assert shown["status"] == "succeeded" and shown["result"] == {"by": "alive"}


async def test_a_dedupe_key_is_taken_once_per_tenant_and_kind(database: Database, clock: FixedClock) -> None:
    first = await _enqueue(database, clock, NewJob(MAIL, "ten_a", dedupe_key="k"))
    assert await _enqueue(database, clock, NewJob(MAIL, "ten_a", {"n": 2}, dedupe_key="k")) == first
    assert await _enqueue(database, clock, NewJob(MAIL, "ten_b", dedupe_key="k")) != first
    assert await _enqueue(database, clock, NewJob(SWEEP, "ten_a", dedupe_key="k")) != first
    assert await _enqueue(database, clock, NewJob(MAIL, "ten_a")) != await _enqueue(
        database, clock, NewJob(MAIL, "ten_a")
    )


async def test_a_failing_job_waits_with_full_jitter_and_is_dead_after_its_last_attempt(
    database: Database, clock: FixedClock
) -> None:
    await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    worker, caller = Worker("one", clock), Caller("ten_a", "pk")
    for ceiling_s in (1.0, 2.0):
        (job,) = await _claim(database, worker)
        async with database.writing() as db:
            assert await service.fail(db, worker, job, ValueError("no"), jitter=lambda: 0.5)
        assert await _claim(database, worker) == []
        clock.advance(ceiling_s * 0.5 + 0.001)
    (job,) = await _claim(database, worker)
    async with database.writing() as db:
        await service.fail(db, worker, job, ValueError("no"), jitter=lambda: 0.5)
    page = await _list(database, caller, "dead")
    assert page["jobs"][0]["error"] == "ValueError: no" and page["jobs"][0]["attempts"] == 3
    clock.advance(10_000)
    assert await _claim(database, worker) == []


async def test_a_job_that_says_it_is_hopeless_is_not_tried_again(
    database: Database, clock: FixedClock
) -> None:
    await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    worker = Worker("one", clock)
    (job,) = await _claim(database, worker)
    async with database.writing() as db:
        await service.fail(db, worker, job, JobFailed("no such address"), jitter=lambda: 0.0)
    assert (await _list(database, Caller("ten_a", "pk")))["stats"]["failed"] == 1


async def test_a_job_that_kills_its_worker_each_time_ends_dead(database: Database, clock: FixedClock) -> None:
    await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    for attempt in range(MAIL.max_attempts):
        assert len(await _claim(database, Worker(f"w{attempt}", clock))) == 1
        clock.advance(service.LEASE_S + 1)
    assert await _claim(database, Worker("next", clock)) == []
    assert (await _list(database, Caller("ten_a", "pk")))["stats"]["dead"] == 1


async def test_a_worker_that_comes_back_takes_its_own_jobs_at_once_and_one_that_stops_gives_them_back(
    database: Database, clock: FixedClock
) -> None:
    await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    worker = Worker("seat-0", clock)
    await _claim(database, worker)
    async with database.writing() as db:
        assert await service.take_back(db, worker) == 1
    (again,) = await _claim(database, worker)
    assert again.attempts == 2
    async with database.writing() as db:
        assert await service.put_back(db, worker, again)
    (put_back,) = await _claim(database, Worker("seat-1", clock))
    assert put_back.attempts == 2  # stopping is not an attempt


async def test_each_period_has_exactly_one_job_however_many_workers_schedule(
    database: Database, clock: FixedClock
) -> None:
    enqueuer = Enqueuer(Ids(clock), clock)

    async def schedule() -> None:
        async with database.writing() as db:
            await enqueuer.schedule(db, [MAIL, SWEEP])

    for _ in range(3):
        await asyncio.gather(schedule(), schedule(), schedule())
        clock.advance(300)
    page = await _list(database, ADMIN)
    assert page["total"] == 3
    assert [job["runAt"] for job in page["jobs"]] == [
        f"2026-01-01T00:{minute}:00.000000Z" for minute in ("15", "10", "05")
    ]
    assert len(await _claim(database, Worker("one", clock))) == 3


async def test_a_cancelled_job_is_not_claimed_and_its_runner_loses_the_lease(
    database: Database, clock: FixedClock
) -> None:
    waiting = await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    running = await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    worker = Worker("one", clock)
    async with database.writing() as db:
        await foreman("ten_a", clock).cancel(db, waiting)
        with pytest.raises(NotFound):
            await foreman("ten_b", clock).cancel(db, running)
    assert [job.id for job in await _claim(database, worker)] == [running]
    async with database.writing() as db:
        await foreman("ten_a", clock).cancel(db, running)
        assert await service.heartbeat(db, worker, [running]) == set()


async def test_a_dead_job_that_is_retried_has_all_its_attempts_again_and_a_done_one_is_left_alone(
    database: Database, clock: FixedClock
) -> None:
    job_id = await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    worker = Worker("one", clock)
    for _ in range(MAIL.max_attempts):
        clock.advance(1000)
        (job,) = await _claim(database, worker)
        async with database.writing() as db:
            await service.fail(db, worker, job, ValueError("no"), jitter=lambda: 0.5)
    assert [job["id"] for job in (await _list(database, Caller("ten_a", "pk"), "dead"))["jobs"]] == [job_id]
    async with database.writing() as db:
        with pytest.raises(NotFound):
            await foreman("ten_b", clock).retry(db, job_id)
        told = await foreman("ten_a", clock).retry(db, job_id)
    assert (told["status"], told["attempts"], told["error"], told["finishedAt"]) == ("queued", 0, None, None)
    (job,) = await _claim(database, worker)
    async with database.writing() as db:
        assert await service.succeed(db, worker, job_id, {})
        for decide in (foreman("ten_a", clock).retry, foreman("ten_a", clock).cancel):
            with pytest.raises(WrongState):
                await decide(db, job_id)
    assert job.attempts == 1


async def test_the_list_is_walled_by_tenant_and_shows_system_jobs_to_admins_of_the_default_tenant_only(
    database: Database, clock: FixedClock
) -> None:
    for tenant in ("ten_a", "ten_b", DEFAULT_TENANT, ""):
        await _enqueue(database, clock, NewJob(JobSpec(f"kind-{tenant or 'system'}", _nothing), tenant))
    seen = {
        "ten_a admin": await _list(database, Caller("ten_a", "sy_admin", admin=True)),
        "default user": await _list(database, Caller(DEFAULT_TENANT, "pk")),
        "default admin": await _list(database, ADMIN),
    }
    kinds = {who: {job["kind"] for job in page["jobs"]} for who, page in seen.items()}
    assert kinds == {
        "ten_a admin": {"kind-ten_a"},
        "default user": {"kind-ten_default"},
        "default admin": {"kind-ten_default", "kind-system"},
    }
    assert [seen[who]["stats"]["total"] for who in seen] == [1, 1, 2]
    assert seen["default admin"]["total"] == 2 and seen["default admin"]["has_more"] is False


async def test_an_unknown_status_names_the_field(database: Database, clock: FixedClock) -> None:
    with pytest.raises(BadRequest) as refused:
        await _list(database, ADMIN, "lost")
    assert refused.value.param == "status"


async def test_old_jobs_are_forgotten_in_small_portions_and_unfinished_ones_never(
    database: Database, clock: FixedClock
) -> None:
    worker = Worker("one", clock)
    for _ in range(5):
        await _enqueue(database, clock, NewJob(MAIL, "ten_a"))
    for job in await _claim(database, worker, 4):
        async with database.writing() as db:
            await service.succeed(db, worker, job.id, {})
    later_us = worker.now_us() + 1
    async with database.writing() as db:
        assert await service.delete_finished(db, before_us=worker.now_us(), limit=10) == 0
        assert await service.delete_finished(db, before_us=later_us, limit=3) == 3
        assert await service.delete_finished(db, before_us=later_us, limit=3) == 1
    assert (await _list(database, Caller("ten_a", "pk")))["stats"]["queued"] == 1
