"""The recorder: what is written is kept exactly once, whatever happens to the process or the database."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from headgate.call.frames import Event, Late
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import RecordUnavailable
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import BODIES_DROPPED, Recorder, RecorderConfig
from headgate.record.runs.rows import read_details
from headgate.record.runs.tables import late_events, payloads, runs, side_effects
from headgate.store.engine import Database
from headgate.testing.frames import closed, opened

IDS = Ids(SystemClock())
MIB = 1024 * 1024


def config(url: str, folder: Path, **given: object) -> RecorderConfig:
    settings: dict[str, object] = {"segment_bytes": MIB, "max_bytes": 16 * MIB, "drain_interval_ms": 10}
    return RecorderConfig(folder, url, **(settings | given))  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def recording(url: str, folder: Path, **given: object) -> AsyncIterator[Recorder]:
    recorder = Recorder(config(url, folder, **given), SystemClock(), IDS)
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.close(timeout_s=5)


def abandon(recorder: Recorder) -> None:
    """End as kill -9 does: no drain, no flush, but the kernel gives the lock back."""
    drain = recorder._drain
    assert drain is not None
    drain._turn = lambda: None
    drain._replays.clear()
    drain.stop(5)
    for handle in recorder._locks:
        os.close(handle)


def stop_draining(recorder: Recorder) -> None:
    assert recorder._drain is not None
    recorder._drain._turn = lambda: None


async def run_ids(database: Database, status: str = "") -> list[str]:
    async with database.reading() as db:
        query = sa.select(runs.c.id).order_by(runs.c.seq)
        return list((await db.execute(query.where(runs.c.status == status) if status else query)).scalars())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def test_a_written_call_is_in_the_database_once_caught_up(database: Database, tmp_path: Path) -> None:
    async with recording(database.url, tmp_path) as recorder:
        recorder.write(opened("run_1"))
        recorder.write(closed("run_1"))
        assert await recorder.caught_up(5)
        assert await run_ids(database) == ["run_1"]
        stats = recorder.stats()
    assert (stats.frames_written, stats.frames_drained, stats.frames_waiting, stats.open_runs) == (2, 2, 0, 0)


async def test_frames_of_a_dead_process_are_replayed_once(database: Database, tmp_path: Path) -> None:
    first = Recorder(config(database.url, tmp_path), SystemClock(), IDS)
    await first.start()
    first.write(closed("run_1"))
    assert await first.caught_up(5)
    stop_draining(first)
    first.write(opened("run_2"))
    first.write(closed("run_2"))
    first.write(opened("run_3", hold_pico=77))
    abandon(first)
    for _ in range(2):
        async with recording(database.url, tmp_path) as second:
            assert await second.caught_up(5)
            assert sorted(await run_ids(database)) == ["run_1", "run_2", "run_3"]
    assert await run_ids(database, "interrupted") == ["run_3"]
    async with database.reading() as db:
        row = (await db.execute(sa.select(runs).where(runs.c.id == "run_3"))).one()
    assert (row.cost_pico, row.price_known, read_details(row.details).hold_pico) == (77, False, 77), (
        "an estimate"
    )


async def test_a_spool_of_a_worker_number_that_is_gone_is_replayed_and_removed(
    database: Database, tmp_path: Path
) -> None:
    other = Recorder(config(database.url, tmp_path, worker=3, workers=4), SystemClock(), IDS)
    await other.start()
    stop_draining(other)
    other.write(closed("run_of_3"))
    abandon(other)
    async with recording(database.url, tmp_path) as recorder:
        assert await recorder.caught_up(5)
        assert await run_ids(database) == ["run_of_3"]
    assert not list((tmp_path / "spool" / "3").glob("*.seg"))


async def test_two_processes_never_write_to_one_spool(database: Database, tmp_path: Path) -> None:
    async with recording(database.url, tmp_path):
        with pytest.raises(RecordUnavailable):
            await Recorder(config(database.url, tmp_path), SystemClock(), IDS).start()


async def test_a_locked_database_slows_no_call_and_loses_nothing(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "headgate.db"
    with sqlite3.connect(sqlite_template) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
    async with recording(f"sqlite:///{path}", tmp_path) as recorder:
        locker = sqlite3.connect(path, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        for number in range(50):
            recorder.write(closed(f"run_{number}"))
        await until(lambda: recorder.stats().drain_failing)
        assert not await recorder.caught_up(0.05)
        assert recorder.stats().frames_waiting == 50
        locker.execute("ROLLBACK")
        await until(lambda: recorder.stats().frames_waiting == 0)
        assert locker.execute("SELECT count(*) FROM runs").fetchone() == (50,)
        locker.close()


async def test_a_full_spool_refuses_new_calls_and_keeps_its_word_to_begun_ones(
    database: Database, tmp_path: Path
) -> None:
    async with recording(database.url, tmp_path, max_bytes=MIB) as recorder:
        stop_draining(recorder)
        begun: list[str] = []
        with pytest.raises(RecordUnavailable):
            for number in range(100_000):
                recorder.write(opened(f"run_{number}"))
                begun.append(f"run_{number}")
        assert len(begun) > 20
        for run_id in begun:
            recorder.write(closed(run_id, request=b"x" * 100_000, response=b"y" * 10))
        assert recorder.stats().open_runs == 0
        dropped = recorder.stats().dropped_bodies
        abandon(recorder)
        recorder._drain = None
    async with recording(database.url, tmp_path, max_bytes=16 * MIB) as recorder:
        assert await recorder.caught_up(5)
        assert sorted(await run_ids(database, "completed")) == sorted(begun)
    async with database.reading() as db:
        details = (await db.execute(sa.select(runs.c.details))).scalars().all()
    assert dropped > 20
    assert sum(BODIES_DROPPED in read_details(each).warnings for each in details) == dropped


async def test_serving_without_record_is_counted_loss(database: Database, tmp_path: Path) -> None:
    async with recording(database.url, tmp_path, on_failure="serve", max_bytes=MIB) as recorder:
        stop_draining(recorder)
        for _ in range(100):
            recorder.write(closed(IDS.new("run"), error_message="z" * 20_000))
        assert recorder.stats().lost_frames > 20
        assert recorder.stats().frames_written + recorder.stats().lost_frames == 100


async def test_late_events_wait_for_their_run_and_go_on_with_its_chain(
    database: Database, tmp_path: Path
) -> None:
    async with recording(database.url, tmp_path) as recorder:
        tenant = closed("run_1").tenant
        recorder.write(Late("run_1", tenant, Event(1, "tool.called", {"name": "a"})))
        assert await recorder.caught_up(5)
        recorder.write(closed("run_1"))
        assert await recorder.caught_up(5)
        recorder.write(
            Late("run_1", tenant, Event(2, "side_effect.planned", {"toolName": "mail", "level": 3}))
        )
        assert await recorder.caught_up(5)
    async with database.reading() as db:
        late = (
            await db.execute(
                sa.select(late_events.c.number, late_events.c.chain).order_by(late_events.c.number)
            )
        ).all()
        effect = (await db.execute(sa.select(side_effects))).one()
    assert [number for number, _ in late] == [0, 1]
    assert all(chain for _, chain in late)
    assert (effect.status, effect.tool, effect.level) == ("planned", "mail", 3)


async def test_a_frame_that_no_database_takes_does_not_stop_the_others(
    database: Database, tmp_path: Path
) -> None:
    async with recording(database.url, tmp_path) as recorder:
        recorder.write(closed("run_1"))
        recorder.write(closed("run_2", at_us=2**63))
        recorder.write(closed("run_3"))
        await until(lambda: recorder.stats().frames_waiting == 0)
        assert sorted(await run_ids(database)) == ["run_1", "run_3"]
        assert recorder.stats().rejected_frames == 1
    assert b"run_2" in (tmp_path / "spool" / "0" / "rejected.frames").read_bytes()


async def test_a_call_open_while_its_segment_goes_is_still_known_after_a_crash(
    database: Database, tmp_path: Path
) -> None:
    first = Recorder(config(database.url, tmp_path), SystemClock(), IDS)
    await first.start()
    first.write(opened("run_long"))
    for number in range(40):
        first.write(closed(f"run_{number}", response=os.urandom(100_000)))
    await until(lambda: first.stats().frames_waiting == 0)
    assert not (tmp_path / "spool" / "0" / f"{1:016d}.seg").exists()
    abandon(first)
    async with recording(database.url, tmp_path) as second:
        assert await second.caught_up(5)
        assert await run_ids(database, "interrupted") == ["run_long"]


async def test_bodies_are_unreadable_without_the_key(database: Database, tmp_path: Path) -> None:
    async with recording(database.url, tmp_path) as recorder:
        recorder.write(closed("run_1", request=b"my secret question " * 5))
        assert await recorder.caught_up(5)
    async with database.reading() as db:
        data = (await db.execute(sa.select(payloads.c.data))).scalar_one()
    assert b"secret" not in data
