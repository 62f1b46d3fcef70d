"""Frames in a segment: whole ones are found whatever happened around them, and nothing else ever passes for one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.call.frames import encode_frame
from headgate.store.spool.framing import (
    FILE_HEADER,
    FIRST,
    FRAME_HEADER,
    MAGIC,
    Damage,
    Frame,
    checksum,
    read_header,
    scan,
)
from headgate.testing.frames import closed, opened

SEED = 0x1234ABCD
PAYLOADS = [
    encode_frame(frame)
    for frame in (opened("run_1"), closed("run_1"), opened("run_2"), closed("run_2", response=b"\x01" * 300))
]


def segment(payloads: list[bytes], *, rest: int = 200) -> bytes:
    header = FILE_HEADER.pack(MAGIC, 7, SEED)
    frames = [FRAME_HEADER.pack(len(each), checksum(SEED, 1, each), 1) + each for each in payloads]
    return header + bytes(FIRST - len(header)) + b"".join(frames) + bytes(rest)


WHOLE = segment(PAYLOADS)


def found(data: bytes) -> list[bytes]:
    return [frame.payload for frame in scan(data, SEED) if isinstance(frame, Frame)]


def test_all_frames_come_back_and_the_zeros_behind_them_are_no_damage() -> None:
    assert found(WHOLE) == PAYLOADS
    assert not [each for each in scan(WHOLE, SEED) if isinstance(each, Damage)]


@given(st.integers(0, len(WHOLE)))
def test_cut_anywhere_the_frames_before_the_cut_are_whole(cut: int) -> None:
    data = WHOLE[:cut]
    kept = found(data)
    assert kept == PAYLOADS[: len(kept)]
    end = FIRST + sum(len(each) + FRAME_HEADER.size for each in PAYLOADS[: len(kept) + 1])
    assert len(kept) == len(PAYLOADS) or cut < end


@given(st.integers(FIRST, len(WHOLE) - 201), st.integers(1, 255))
def test_a_changed_byte_anywhere_costs_one_frame_and_is_told(at: int, change: int) -> None:
    data = bytearray(WHOLE)
    data[at] ^= change
    kept = found(bytes(data))
    assert len(kept) == len(PAYLOADS) - 1
    assert all(each in PAYLOADS for each in kept)
    assert any(isinstance(each, Damage) for each in scan(bytes(data), SEED))


@given(st.binary(max_size=2000))
def test_garbage_holds_no_frame_and_breaks_nothing(data: bytes) -> None:
    assert found(WHOLE[:FIRST] + data) == []
    read_header(data)


def test_frames_of_another_segment_are_not_taken_for_this_one() -> None:
    assert [frame.payload for frame in scan(WHOLE, SEED + 1) if isinstance(frame, Frame)] == []
