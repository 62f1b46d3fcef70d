"""The worker process: it never outlives its gateway, runs what is due, and costs next to nothing when nothing is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from headgate.call.caller import Caller
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.operate.jobs import service
from headgate.operate.jobs.service import Enqueuer, NewJob
from headgate.store.control import ControlServer, Notice
from headgate.store.engine import Database
from headgate.store.sockets import CONTROL_SOCKET, socket_path
from tests.operate.jobs import program

pytestmark = pytest.mark.asyncio
PROGRAM = program.__file__
DEADLINE_S = 30

# a gateway that starts a worker with a pipe and then only waits: it is there to be killed
GATEWAY = """
import os, subprocess, sys, time
read, write = os.pipe()
worker = subprocess.Popen([sys.executable, *sys.argv[1:], str(read)], pass_fds=(read,))
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest_asyncio.fixture
async def gone_after() -> AsyncIterator[list[int]]:
    """Process ids that must not be there any more when the test ends."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        if _alive(pid):
            os.kill(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def _noted(folder: Path, line: str) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not (folder / "notes").exists() or line not in (folder / "notes").read_text().splitlines():
            await asyncio.sleep(0.02)


async def _enqueue(database: Database) -> None:
    clock = SystemClock()
    async with database.writing() as db:
        await Enqueuer(Ids(clock), clock).enqueue(db, NewJob(program.PLAIN, "ten_a"))


async def test_the_worker_ends_when_its_gateway_is_killed_in_the_middle_of_a_job(
    database: Database, database_url: str, tmp_path: Path, gone_after: list[int]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "hold-first").touch()
    await _enqueue(database)
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY, PROGRAM, str(folder), database_url, stdout=asyncio.subprocess.PIPE
    )
    assert gateway.stdout is not None
    worker = int(await asyncio.wait_for(gateway.stdout.readline(), DEADLINE_S))
    gone_after.append(worker)
    await _noted(folder, "first begins")
    gateway.kill()
    await gateway.wait()
    async with asyncio.timeout(DEADLINE_S):
        while _alive(worker):
            await asyncio.sleep(0.01)
    (folder / "hold-first").unlink()
    again = await asyncio.create_subprocess_exec(sys.executable, PROGRAM, str(folder), database_url)
    gone_after.append(again.pid)
    # what it was doing is taken up by the next worker at once, before the lease ends
    await _noted(folder, "third ends")
    again.terminate()
    assert await asyncio.wait_for(again.wait(), DEADLINE_S) == 0


async def test_a_notice_wakes_the_worker(
    database: Database, database_url: str, tmp_path: Path, gone_after: list[int]
) -> None:
    async def ignore(notice: Notice) -> None:
        return

    folder = tmp_path / "data"
    control = ControlServer(socket_path(folder, CONTROL_SOCKET), ignore)
    await control.start()
    worker = await asyncio.create_subprocess_exec(sys.executable, PROGRAM, str(folder), database_url)
    gone_after.append(worker.pid)
    async with asyncio.timeout(DEADLINE_S):
        while not control.stats()["peers"]:
            await asyncio.sleep(0.02)
    await _enqueue(database)
    control.send(Notice(service.NOTICE_PART, "ten_a"))
    await _noted(folder, "third ends")
    async with asyncio.timeout(DEADLINE_S):
        while (await _states(database)) != ["succeeded"]:
            await asyncio.sleep(0.02)
    worker.terminate()
    assert await asyncio.wait_for(worker.wait(), DEADLINE_S) == 0
    await control.close()


async def _states(database: Database) -> list[str]:
    async with database.reading() as db:
        page = await service.list_jobs(db, Caller("ten_a", "pk"), None, Page())
    return [job["status"] for job in page["jobs"]]
