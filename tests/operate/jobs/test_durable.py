"""Durable jobs in a real worker process that is killed: finished steps are not done again, and the job still ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
import sqlalchemy as sa

from headgate.call.caller import Caller
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.operate.jobs import service
from headgate.operate.jobs.durable import Durable, DurableConfig
from headgate.operate.jobs.schemas import (
    Job,
    JobContext,
    JobServices,
    JobSpec,
    Json,
    Step,
)
from headgate.operate.jobs.service import Enqueuer, NewJob
from headgate.operate.jobs.tables import jobs
from headgate.store.engine import Database
from tests.operate.jobs import program

pytestmark = pytest.mark.asyncio
PROGRAM = Path(program.__file__)
CALLER = Caller("ten_a", "pk")
DEADLINE_S = 60


class Bench:
    """A data folder, a database, and worker processes that are started and killed."""

    def __init__(self, database: Database, url: str, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self._url = url
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), str(self.folder), self._url
        )
        self._processes.append(process)
        return process

    async def enqueue(self, spec: JobSpec) -> str:
        clock = SystemClock()
        async with self.database.writing() as db:
            return await Enqueuer(Ids(clock), clock).enqueue(db, NewJob(spec, "ten_a"))

    async def jobs(self) -> list[Json]:
        async with self.database.reading() as db:
            return (await service.list_jobs(db, CALLER, None, Page()))["jobs"]

    async def ended(self) -> Json:
        """The one job, once it has ended."""
        async with asyncio.timeout(DEADLINE_S):
            while (job := (await self.jobs())[0])["status"] in ("queued", "running"):
                await asyncio.sleep(0.05)
        return job

    def notes(self) -> list[str]:
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    async def noted(self, line: str) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while line not in self.notes():
                await asyncio.sleep(0.02)

    def hold(self, step: str) -> None:
        (self.folder / f"hold-{step}").touch()

    def let_go(self, step: str) -> None:
        (self.folder / f"hold-{step}").unlink()

    async def close(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest_asyncio.fixture
async def bench(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Bench]:
    folder = tmp_path / "data"
    folder.mkdir()
    made = Bench(database, database_url, folder)
    yield made
    await made.close()


async def test_after_kill_9_in_the_second_step_the_job_goes_on_with_the_second_step(bench: Bench) -> None:
    bench.hold("second")
    await bench.enqueue(program.IN_STEPS)
    worker = await bench.start()
    await bench.noted("second begins")
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    bench.let_go("second")
    await bench.start()
    job = await bench.ended()
    assert (job["status"], job["result"], job["attempts"]) == ("succeeded", {"done": list(program.STEPS)}, 2)
    assert bench.notes() == [
        "first begins",
        "first ends",
        "second begins",
        "second begins",
        "second ends",
        "third begins",
        "third ends",
    ]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # with SQLite there is one machine
async def test_another_machine_goes_on_with_the_second_step_when_the_lease_of_the_dead_one_is_over(
    bench: Bench,
) -> None:
    bench.hold("second")
    await bench.enqueue(program.IN_STEPS)
    worker = await bench.start()
    await bench.noted("second begins")
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    bench.let_go("second")
    # a seat that the dead worker never had
    (bench.folder / "run" / "worker.name").write_bytes(b"anothermachine")
    async with bench.database.writing() as db:
        await db.execute(sa.update(jobs).values(lease_until_us=1))
    await bench.start()
    job = await bench.ended()
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert bench.notes().count("first begins") == 1 and bench.notes()[-4:] == [
        "second begins",
        "second ends",
        "third begins",
        "third ends",
    ]


async def test_at_sigterm_the_running_step_ends_and_the_next_worker_does_the_rest(bench: Bench) -> None:
    bench.hold("second")
    await bench.enqueue(program.IN_STEPS)
    worker = await bench.start()
    await bench.noted("second begins")
    worker.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.2)
    bench.let_go("second")
    assert await asyncio.wait_for(worker.wait(), DEADLINE_S) == 0
    assert bench.notes() == ["first begins", "first ends", "second begins", "second ends"]
    assert (await bench.jobs())[0]["status"] == "queued"
    await bench.start()
    job = await bench.ended()
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert bench.notes()[4:] == ["third begins", "third ends"]


async def test_a_failing_step_is_tried_again_and_one_that_never_works_ends_the_job_as_failed(
    bench: Bench,
) -> None:
    await bench.enqueue(program.FAILS_ONCE)
    await bench.start()
    assert (await bench.ended())["result"] == {"tries": 2}
    await bench.enqueue(program.NEVER_WORKS)
    job = await bench.ended()
    assert job["status"] == "failed" and "never" in job["error"]


async def test_a_failed_durable_job_that_is_retried_does_its_steps_anew(bench: Bench) -> None:
    job_id = await bench.enqueue(program.FAILS_FIRST)
    await bench.start()
    assert (await bench.ended())["status"] == "failed"
    clock = SystemClock()
    async with bench.database.writing() as db:
        await service.Foreman(CALLER, Ids(clock), clock).retry(db, job_id)
    job = await bench.ended()
    assert (job["status"], job["result"], job["attempts"]) == ("succeeded", {"tries": 2}, 1)


async def test_dbos_rests_when_there_is_nothing_durable_to_do_and_comes_back(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async def wanted(job_id: str) -> bool:
        return True

    async def nothing(*_: object) -> None:
        return

    async def flow(context: JobContext) -> Json:
        async def work() -> Json:
            worked.append(context.job.id)
            return {"n": context.job.payload["n"]}

        return await context.step("only", work)

    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("queue-worker")]

    worked: list[str] = []
    url = database_url if database_url.startswith("postgresql") else f"sqlite:///{tmp_path / 'dbos.db'}"
    durable, spec = (
        Durable(DurableConfig(url, "seat-0", rest_after_s=0.0), wanted),
        JobSpec("flow", flow, engine="durable"),
    )
    for n in (1, 2, 2, 1):
        job = Job(f"job_{n}", "ten_a", "flow", "durable", 1, 5, {"n": n})
        services = cast(JobServices, None)  # this job needs none
        assert await durable.run(spec, JobContext(job, services, cast(Step, nothing), nothing)) == {"n": n}
        assert threads()
        await durable.rest_if_idle()
        assert not threads()
        if n == 1:  # what was kept of it goes, so it would be done anew
            assert await durable.run(spec, JobContext(job, services, cast(Step, nothing), nothing)) == {
                "n": n
            }
            await durable.forget(job.id)
    assert worked == ["job_1", "job_2", "job_1"]
    await durable.close()
