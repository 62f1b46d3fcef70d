"""Replay of what an earlier process left: once, past damage, and what it began and never ended is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.call.frames import Frame, encode_frame
from headgate.kernel.ids import Ids
from headgate.record.runs.drain import DrainState, keep_frames
from headgate.record.runs.keeping import KIND_OF, Keeper
from headgate.record.runs.payloads import Vault
from headgate.record.runs.replay import Replay
from headgate.store.bulk import Bulk, open_bulk
from headgate.store.spool.segment import segment_numbers, segment_path
from headgate.store.spool.spool import Position, Spool, SpoolLimits
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed, opened

LIMITS = SpoolLimits(segment_bytes=64 * 1024, max_bytes=1024 * 1024, fsync="never")


@pytest.fixture
def db(database_url: str) -> Iterator[Bulk]:
    bulk = open_bulk(database_url)
    yield bulk
    bulk.close()


def leave(folder: Path, *frames: Frame) -> None:
    """Write frames and end without a drain."""
    spool = Spool(folder, LIMITS)
    spool.open()
    for frame in frames:
        spool.append(KIND_OF[type(frame)], encode_frame(frame))
    spool.close(drained=False)


def replay(folder: Path, clock: FixedClock, aside: list[bytes] | None = None) -> Replay:
    numbers = segment_numbers(folder)
    keeper = Keeper("spool-0", Vault(b"k" * 32), clock, Ids(clock))
    end = Position(numbers[-1] + 1, 0)
    rejected = aside if aside is not None else []
    return Replay(folder, keeper, keep_frames, numbers, end, clock, rejected.append, lambda: None)


def runs(db: Bulk) -> dict[str, str]:
    return dict(db.run("SELECT id, status FROM runs"))


def test_what_was_left_is_brought_in_and_its_files_go(db: Bulk, tmp_path: Path, clock: FixedClock) -> None:
    leave(tmp_path, opened("run_1"), closed("run_1"), opened("run_2"))
    counts = DrainState()
    replay(tmp_path, clock).run(db, counts)

    assert runs(db) == {"run_1": "completed", "run_2": "interrupted"}
    assert (counts.replayed, counts.interrupted, counts.damaged_bytes) == (3, 1, 0)
    assert segment_numbers(tmp_path) == []


def test_what_was_brought_in_before_a_crash_is_not_brought_in_again(
    db: Bulk, tmp_path: Path, clock: FixedClock
) -> None:
    """The crash came after the commit and before the files were removed."""
    leave(tmp_path, closed("run_1"), opened("run_2"))
    files = {number: segment_path(tmp_path, number).read_bytes() for number in segment_numbers(tmp_path)}
    replay(tmp_path, clock).run(db, DrainState())
    for number, data in files.items():
        segment_path(tmp_path, number).write_bytes(data)
    counts = DrainState()
    replay(tmp_path, clock).run(db, counts)

    assert runs(db) == {"run_1": "completed", "run_2": "interrupted"}
    assert (counts.replayed, counts.interrupted) == (0, 0)
    assert db.run("SELECT sum(runs) FROM spend_hours")[0][0] == 2


def test_damage_costs_what_it_hit_and_is_counted(db: Bulk, tmp_path: Path, clock: FixedClock) -> None:
    leave(tmp_path, *(closed(f"run_{n}") for n in range(3)))
    path = segment_path(tmp_path, segment_numbers(tmp_path)[0])
    path.write_bytes(path.read_bytes().replace(b"run_1", b"RUN_1"))
    counts = DrainState()
    replay(tmp_path, clock).run(db, counts)

    assert set(runs(db)) == {"run_0", "run_2"}
    assert counts.damaged_bytes > 0


def test_a_file_that_is_no_segment_is_put_aside_not_thrown_away(
    db: Bulk, tmp_path: Path, clock: FixedClock
) -> None:
    leave(tmp_path, closed("run_1"))
    segment_path(tmp_path, 99).write_bytes(b"something else" * 100)
    replay(tmp_path, clock).run(db, DrainState())

    assert set(runs(db)) == {"run_1"}
    assert [path.name for path in tmp_path.glob("*.damaged")] == [f"{99:016d}.damaged"]


def test_a_frame_that_no_database_takes_is_set_aside_and_the_rest_goes_in(
    db: Bulk, tmp_path: Path, clock: FixedClock
) -> None:
    leave(tmp_path, closed("run_1"), closed("run_2", at_us=2**63), closed("run_3"))
    aside: list[bytes] = []
    counts = DrainState()
    replay(tmp_path, clock, aside).run(db, counts)

    assert set(runs(db)) == {"run_1", "run_3"}
    assert (counts.rejected, b"run_2" in aside[0]) == (1, True)
