"""The overlay reads undrained frames from the files: one tenant's, in order, past damage, and no more than its bound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.call.frames import Event, Feedback, Frame, Late, encode_frame
from headgate.record.runs import overlay
from headgate.record.runs.keeping import KIND_OF
from headgate.record.runs.overlay import read_tail
from headgate.store.spool.segment import segment_path
from headgate.store.spool.spool import Position, Spool, SpoolLimits
from headgate.testing.frames import closed, opened

TENANT = "ten_default"


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path, SpoolLimits(segment_bytes=64 * 1024, max_bytes=1024 * 1024, fsync="never"))
    made.open()
    yield made
    made.close(drained=False)


def put(spool: Spool, *frames: Frame) -> Position:
    for frame in frames:
        spool.append(KIND_OF[type(frame)], encode_frame(frame))
    return spool.end


def test_everything_behind_the_position_is_seen_in_order(spool: Spool, tmp_path: Path) -> None:
    place = put(spool, closed("run_1"))
    late = Late("run_2", TENANT, Event(1, "a", {}))
    rated = Feedback("fb_1", "run_2", TENANT, 1, "rating", 1, None, "", "")
    put(spool, opened("run_2"), closed("run_2"), late, rated, closed("run_3"))

    tail = read_tail(tmp_path, place, TENANT)

    assert [run.run_id for run in tail.runs] == ["run_2", "run_3"]
    assert (tail.late, tail.feedback, tail.partial) == ([late], [rated], False)


def test_another_tenants_frames_are_not_seen_even_if_they_name_this_one(spool: Spool, tmp_path: Path) -> None:
    start = spool.start
    put(spool, closed("run_1", tenant="ten_b", preview=f"about {TENANT}"))

    assert read_tail(tmp_path, start, TENANT).runs == []


def test_only_what_belongs_to_the_run_asked_for(spool: Spool, tmp_path: Path) -> None:
    start = spool.start
    put(spool, closed("run_1"), closed("run_2", parent_run="run_1"))

    tail = read_tail(tmp_path, start, TENANT, run_id="run_1")

    assert [run.run_id for run in tail.runs] == ["run_1"]
    assert tail.run("run_1") is not None
    assert tail.run("run_2") is None


def test_a_backlog_goes_on_over_segments_and_past_one_that_was_drained_meanwhile(
    spool: Spool, tmp_path: Path
) -> None:
    start = spool.start
    put(spool, *(closed(f"run_{n}", response=b"x" * 20_000) for n in range(12)))
    assert len(read_tail(tmp_path, start, TENANT).runs) == 12
    segment_path(tmp_path, start.segment).unlink()

    assert 0 < len(read_tail(tmp_path, start, TENANT).runs) < 12


def test_a_damaged_frame_hides_only_itself(spool: Spool, tmp_path: Path) -> None:
    start = spool.start
    put(spool, *(closed(f"run_{n}") for n in range(3)))
    path = segment_path(tmp_path, start.segment)
    data = path.read_bytes()
    at = data.index(b"run_1")
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"RUN")

    assert [run.run_id for run in read_tail(tmp_path, start, TENANT).runs] == ["run_0", "run_2"]


def test_a_backlog_beyond_the_bound_says_that_there_is_more(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay, "MAX_FRAMES", 2)
    start = spool.start
    put(spool, *(closed(f"run_{n}") for n in range(3)))
    tail = read_tail(tmp_path, start, TENANT)

    assert (len(tail.runs), tail.partial) == (2, True)
