"""The spool: bounded, preallocated, keeping its promises."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.store.spool.segment import segment_numbers, segment_path
from headgate.store.spool.spool import (
    RESERVED_BYTES,
    Position,
    Spool,
    SpoolFull,
    SpoolLimits,
    lock_folder,
    unlock_folder,
)

SEGMENT = 256 * 1024


def made(folder: Path, *, segments: int = 2) -> Spool:
    spool = Spool(folder, SpoolLimits(SEGMENT, segments * SEGMENT, "never"))
    spool.open()
    return spool


def read_all(spool: Spool) -> list[bytes]:
    position, payloads = spool.start, list[bytes]()
    while True:
        frames, position = spool.read(position)
        if not frames:
            return payloads
        payloads += [bytes(payload) for _, payload in frames]


def test_what_is_appended_is_read_in_order_across_segments(tmp_path: Path) -> None:
    spool = made(tmp_path, segments=8)
    sent = [bytes([number]) * (number * 997 % 60_000) for number in range(60)]
    for payload in sent:
        spool.append(1, payload)
    assert read_all(spool) == sent
    assert spool.end.segment > 2


def test_the_disk_is_taken_when_a_segment_is_made_not_when_it_is_written(tmp_path: Path) -> None:
    spool = made(tmp_path)
    status = segment_path(tmp_path, spool.end.segment).stat()
    assert status.st_blocks * 512 >= SEGMENT
    assert oct(status.st_mode)[-3:] == "600"


def test_beyond_its_bound_it_refuses_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    spool = made(tmp_path)
    written = 0
    with pytest.raises(SpoolFull):
        while True:
            spool.append(1, b"x" * 1000)
            written += 1
    assert len(read_all(spool)) == written
    assert sum(path.stat().st_size for path in tmp_path.glob("*.seg")) <= 2 * SEGMENT


@pytest.mark.parametrize("size", [10, 5000, RESERVED_BYTES - 100])
def test_every_promise_is_kept_however_full_it_is(tmp_path: Path, size: int) -> None:
    spool = made(tmp_path, segments=4)
    begun = 0
    with pytest.raises(SpoolFull):
        while True:
            spool.append_begun(1, b"b" * 200)
            begun += 1
    with pytest.raises(SpoolFull):
        while True:
            spool.append(1, b"z" * 900)
    assert begun > 10
    for _ in range(begun):
        assert spool.append_promised(2, b"c" * size)
    assert spool.reserved == 0


def test_a_frame_too_large_for_its_promise_keeps_the_promise(tmp_path: Path) -> None:
    spool = made(tmp_path, segments=1)
    spool.append_begun(1, b"b")
    assert not spool.append_promised(2, b"c" * SEGMENT)
    assert spool.reserved == 1
    assert spool.append_promised(2, b"c")


def test_a_frame_larger_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SpoolLimits(SEGMENT, 64 * SEGMENT, "never"))
    spool.open()
    large = os.urandom(3 * SEGMENT)
    for payload in (b"before", large, b"after"):
        spool.append(1, payload)
    assert read_all(spool) == [b"before", large, b"after"]


def test_drained_segments_go_and_their_numbers_never_come_again(tmp_path: Path) -> None:
    spool = made(tmp_path, segments=8)
    for _ in range(30):
        spool.append(1, b"x" * 50_000)
    last = spool.end.segment
    spool.drop_before(last)
    assert segment_numbers(tmp_path)[0] == last
    spool.close(drained=True)
    assert segment_numbers(tmp_path) == [last]
    again = made(tmp_path, segments=8)
    assert again.start == Position(last + 1, again.start.offset)


def test_a_folder_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    handle = lock_folder(tmp_path)
    assert handle is not None
    assert lock_folder(tmp_path) is None
    unlock_folder(handle)
    again = lock_folder(tmp_path)
    assert again is not None
    unlock_folder(again)


def test_a_disk_that_fails_to_sync_closes_the_spool_until_a_new_file_works(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SpoolLimits(SEGMENT, 8 * SEGMENT, "interval"))
    spool.open()
    spool.append(1, b"one")
    spool._fail(OSError(5, "Input/output error"))
    with pytest.raises(SpoolFull):
        spool.append(1, b"two")
    spool.sync()
    spool.append(1, b"three")
    assert read_all(spool) == [b"one", b"three"]
    assert spool.sync_errors == 1
