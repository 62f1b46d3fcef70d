"""Runs put on record by the real recorder, for commands that read them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from headgate.cli.session import prepare
from headgate.config import Settings
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.testing.frames import closed, opened


def record(data_dir: Path, *run_ids: str, **given: Any) -> None:
    """Completed live calls, drained into the database of `data_dir`."""
    settings = Settings(data_dir=data_dir, spool_segment_bytes=2**20)
    prepare(settings)

    async def write() -> None:
        clock = SystemClock()
        recorder = Recorder(RecorderConfig.from_settings(settings), clock, Ids(clock))
        await recorder.start()
        for run_id in run_ids:
            recorder.write(opened(run_id))
            recorder.write(closed(run_id, **given))
        assert await recorder.close()

    asyncio.run(write())
