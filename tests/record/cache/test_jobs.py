"""The cache sweep: expired entries leave the file while the gateway has it open, the others stay."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from headgate.call.ports import Answer, Ask
from headgate.kernel.errors import Unavailable
from headgate.kernel.ids import Ids
from headgate.operate.jobs.schemas import Job, JobContext, JobServices, Json
from headgate.record.cache.jobs import CACHE_FILE, CACHE_SWEEP, sweep
from headgate.store.disk_file import DiskFile, Row
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock

pytestmark = pytest.mark.asyncio
MAX_BYTES = 16 * 1024 * 1024


class NoModels:
    """A call port with nothing behind it."""

    async def ask(self, ask: Ask) -> Answer:
        raise Unavailable("There is no gateway here.")


class NoPlane:
    """Notices that nobody hears."""

    async def changed(self, part: str, tenant: str) -> None:
        return


def _context(folder: Path, clock: FixedClock, database: Database) -> JobContext:
    async def step(name: str, work: object) -> Json:
        raise AssertionError("a lease job of one piece has no steps")

    async def progress(value: Json) -> None:
        return

    settings = SimpleNamespace(data_dir=folder, cache_disk_bytes=MAX_BYTES)
    services = JobServices(database, clock, Ids(clock), NoPlane(), NoModels(), settings)
    return JobContext(Job("job_1", "", CACHE_SWEEP.kind, "lease", 1, 5, {}), services, step, progress)


# the cache is a file whatever the main database is
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_expired_entries_go_and_others_stay_with_the_gateway_at_work_on_the_same_file(
    tmp_path: Path, clock: FixedClock, database: Database
) -> None:
    now_s = int(clock.now())
    gateway = DiskFile(tmp_path / CACHE_FILE, max_bytes=MAX_BYTES)
    gateway.open()
    rows = [
        Row(f"key-{n}".encode(), "ten_a", "exact", "app", "", now_s, now_s + 60 * (1 + n % 2), b"x" * 5000)
        for n in range(600)
    ]
    gateway.write(rows)
    full = gateway.size()
    clock.advance(61)
    told = await sweep(_context(tmp_path, clock, database))
    assert told["removed"] == 300 and told["bytes"] == gateway.size() < full * 0.6
    later_s = int(clock.now())
    assert gateway.read(b"key-0", later_s) is None
    assert gateway.read(b"key-1", later_s) is not None
    gateway.write([Row(b"new", "ten_a", "exact", "app", "", later_s, later_s + 60, b"y")])
    assert gateway.read(b"new", later_s) is not None
    gateway.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_a_cache_file_there_is_nothing_to_do(
    tmp_path: Path, clock: FixedClock, database: Database
) -> None:
    assert await sweep(_context(tmp_path, clock, database)) == {"removed": 0, "bytes": 0}
    assert not (tmp_path / CACHE_FILE).exists()
