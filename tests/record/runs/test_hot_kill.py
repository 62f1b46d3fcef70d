"""kill -9 for real: whatever a process said was written is in the database after the next start, once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.record.runs.tables import run_events, runs
from headgate.record.runs.verification import verify_all
from headgate.store.engine import Database

WRITER = """
import asyncio, os, sys
from pathlib import Path
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.testing.frames import closed, opened

async def main():
    ids = Ids(SystemClock())
    config = RecorderConfig(Path(sys.argv[2]), sys.argv[1], segment_bytes=256 * 1024, drain_interval_ms=5)
    recorder = Recorder(config, SystemClock(), ids)
    await recorder.start()
    for number in range(1_000_000):
        run_id = ids.new("run")
        recorder.write(opened(run_id))
        if number % 10:
            recorder.write(closed(run_id, response=b"x" * (number * 37 % 9000)))
            os.write(1, f"done {run_id}\\n".encode())
        else:
            os.write(1, f"open {run_id}\\n".encode())
        if number % 50 == 0:
            await asyncio.sleep(0.001)

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [40, 900])
async def test_every_acknowledged_run_is_there_once_after_a_kill(
    database: Database, tmp_path: Path, lines: int
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, database.url, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    told = [await asyncio.wait_for(child.stdout.readline(), 30) for _ in range(lines)]
    os.kill(child.pid, signal.SIGKILL)
    told += (await child.stdout.read()).splitlines(keepends=True)
    await child.wait()
    whole = [line.decode().split() for line in told if line.endswith(b"\n")]
    recorder = Recorder(RecorderConfig(tmp_path, database.url), SystemClock(), Ids(SystemClock()))
    await recorder.start()
    for _ in range(100):
        if await recorder.caught_up(1):
            break
    await recorder.close()
    async with database.reading() as db:
        report = await verify_all(db)
        stored = {row.id: row.status for row in await db.execute(sa.select(runs.c.id, runs.c.status))}
        total = (await db.execute(sa.select(sa.func.count()).select_from(runs))).scalar_one()
        chains = (await db.execute(sa.select(sa.func.count()).select_from(run_events))).scalar_one()
    assert report.ok, report
    assert total == len(stored) == chains
    assert {run_id for kind, run_id in whole if kind == "done"} <= {
        run_id for run_id, status in stored.items() if status == "completed"
    }
    assert all(stored[run_id] == "interrupted" for kind, run_id in whole if kind == "open")
    assert len(stored) - len(whole) <= 1  # at most the one that was written and not yet told of
