"""A segment: its disk is taken when it is made, and a disk without room leaves no file behind."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from headgate.store.spool import segment as segments
from headgate.store.spool.framing import FIRST, HEAD, read_header
from headgate.store.spool.segment import Segment, segment_numbers, segment_path

SIZE = 128 * 1024


def test_the_file_has_all_its_blocks_and_a_header(tmp_path: Path) -> None:
    made = Segment.create(tmp_path, 7, SIZE)
    told = segment_path(tmp_path, 7).stat()
    header = read_header(made.map[:FIRST])
    made.close()

    assert told.st_blocks * 512 >= SIZE
    assert header is not None
    assert (header.number, header.seed) == (7, made.seed)


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    Segment.create(tmp_path, 1, SIZE).close()

    with pytest.raises(FileExistsError):
        Segment.create(tmp_path, 1, SIZE)
    assert segment_path(tmp_path, 1).stat().st_size == SIZE


def test_without_room_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError) as refusal:
        Segment.create(tmp_path, 1, 2**60)

    assert refusal.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_closing_can_give_back_what_was_not_used(tmp_path: Path) -> None:
    made = Segment.create(tmp_path, 1, SIZE)
    made.end = FIRST + 100
    made.close(shrink=True)
    made.close(shrink=True)

    assert made.path.stat().st_size == FIRST + 100


def test_room_is_what_a_payload_may_have(tmp_path: Path) -> None:
    made = Segment.create(tmp_path, 1, SIZE)
    assert made.end + HEAD + made.room == SIZE
    made.remove()

    assert segment_numbers(tmp_path) == []


def test_segments_are_told_in_order_and_other_files_passed_over(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        segment_path(tmp_path, number).touch()
    (tmp_path / "rejected.frames").touch()
    (tmp_path / f"x{segments.SUFFIX}").touch()

    assert segment_numbers(tmp_path) == [1, 2, 10]
