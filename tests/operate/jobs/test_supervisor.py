"""The supervisor: the worker is started with a pipe, started again when it dies, and stopped without being cut off."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.kernel.tasks import Tasks
from headgate.operate.jobs.supervisor import BackOff, Supervisor

pytestmark = pytest.mark.asyncio
DEADLINE_S = 20
QUICK = BackOff(first_s=0.01, longest_s=0.05)

# says that it lives; at SIGTERM takes its time, and would note it if the pipe was closed meanwhile
CHILD = """
import os, select, signal, sys, time
folder, pipe = sys.argv[1], int(sys.argv[3])
def end(*_):
    time.sleep(0.3)
    closed = bool(select.select([pipe], [], [], 0)[0])
    open(folder + "/ended", "w").write("hurried" if closed else "in peace")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
open(folder + "/lives", "a").write(str(os.getpid()) + "\\n")
os.read(pipe, 1)
"""


@dataclass(frozen=True)
class Settings:
    """What the supervisor reads of the settings."""

    data_dir: Path
    worker: bool = True
    shutdown_grace_s: float = 10.0
    config: str = ""


def _lives(folder: Path) -> list[int]:
    path = folder / "lives"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


async def _until_lives(folder: Path, count: int) -> list[int]:
    async with asyncio.timeout(DEADLINE_S):
        while len(_lives(folder)) < count:
            await asyncio.sleep(0.02)
    return _lives(folder)


def _supervisor(folder: Path, child: str = CHILD, *, worker: bool = True) -> Supervisor:
    command = (sys.executable, "-c", child, str(folder))
    return Supervisor(Settings(folder, worker), Tasks(), command=command, back_off=QUICK)


async def test_a_killed_worker_is_started_again_and_counted(tmp_path: Path) -> None:
    supervisor = _supervisor(tmp_path)
    supervisor.start()
    (first,) = await _until_lives(tmp_path, 1)
    assert supervisor.stats() == {"state": "running", "pid": first, "restarts": 0, "last_exit": None}
    os.kill(first, signal.SIGKILL)
    _, second = await _until_lives(tmp_path, 2)
    stats = supervisor.stats()
    assert (stats["pid"], stats["restarts"], stats["last_exit"]) == (second, 1, -signal.SIGKILL)
    await supervisor.stop()
    assert supervisor.stats()["state"] == "stopped" and supervisor.stats()["pid"] is None


async def test_stopping_lets_the_worker_finish_before_the_pipe_closes(tmp_path: Path) -> None:
    supervisor = _supervisor(tmp_path)
    supervisor.start()
    await _until_lives(tmp_path, 1)
    await supervisor.stop()
    assert (tmp_path / "ended").read_text() == "in peace"
    assert supervisor.stats()["last_exit"] == 0


async def test_a_worker_that_cannot_start_is_tried_again_without_end(tmp_path: Path) -> None:
    supervisor = _supervisor(tmp_path, "import sys; sys.exit(3)")
    supervisor.start()
    async with asyncio.timeout(DEADLINE_S):
        while supervisor.stats()["restarts"] < 3:
            await asyncio.sleep(0.02)
    assert supervisor.stats()["last_exit"] == 3
    await supervisor.stop()


async def test_without_a_worker_in_the_settings_nothing_is_started(tmp_path: Path) -> None:
    supervisor = _supervisor(tmp_path, worker=False)
    supervisor.start()
    assert supervisor.stats() == {"state": "off", "pid": None, "restarts": 0, "last_exit": None}
    await supervisor.stop()
