"""Sweeping the response cache's file: expired entries go, and the pages they held go back to the disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headgate.operate.jobs.schemas import JobContext, JobSpec, Json
from headgate.store.disk_file import DiskFile

SWEEP_EVERY_S = 300
CACHE_FILE = "cache.db"


async def sweep(context: JobContext) -> Json:
    """Both processes have the file open; the sweep takes the write lock for a few rows at a time."""
    settings = context.services.settings
    path: Path = settings.data_dir / CACHE_FILE
    now_s = int(context.services.clock.now())
    removed, size = await asyncio.to_thread(_sweep, path, settings.cache_disk_bytes, now_s)
    return {"removed": removed, "bytes": size}


def _sweep(path: Path, max_bytes: int, now_s: int) -> tuple[int, int]:
    if not path.exists():
        return 0, 0
    file = DiskFile(path, max_bytes=max_bytes)
    file.open()
    try:
        removed = file.sweep(now_s)
    finally:
        file.close()
    return removed, file.size()


CACHE_SWEEP = JobSpec("cache_sweep", sweep, every_s=SWEEP_EVERY_S, timeout_s=120.0)
JOBS = (CACHE_SWEEP,)
