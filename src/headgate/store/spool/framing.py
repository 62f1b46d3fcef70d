"""How frames lie in a segment: `length, crc32, kind` in front of each, a header in front of the first.

The checksum covers the kind and begins with the segment's seed, so that bytes of another file or place never pass for a frame.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"HGSPOOL1"
FILE_HEADER = struct.Struct("<8sQI")  # magic, segment number, seed
FRAME_HEADER = struct.Struct("<IIB")  # payload length, crc32, kind
FIRST = 32  # where the first frame begins
HEAD = FRAME_HEADER.size

# a kind, then a payload: a msgpack array that begins with its one-letter tag
_FRAME_START = re.compile(rb"[\x01-\x7f](?:[\x90-\x9f]|\xdc[\x00-\xff]{2})\xa1[a-z]", re.DOTALL)
_BLOCK = 1024 * 1024
_ZEROS = bytes(_BLOCK)

Bytes = bytes | memoryview | mmap.mmap


class Frame(NamedTuple):
    """One frame as it lies in a segment: where it begins and ends, its kind and its payload."""

    start: int
    end: int
    kind: int
    payload: bytes


class Damage(NamedTuple):
    """A stretch of a segment that holds no whole frame."""

    start: int
    end: int


class SegmentHeader(NamedTuple):
    number: int
    seed: int


def checksum(seed: int, kind: int, payload: bytes) -> int:
    return zlib.crc32(payload, seed ^ kind)


def read_header(data: Bytes) -> SegmentHeader | None:
    """The header of a segment file, or None when these bytes are not one."""
    if len(data) < FIRST:
        return None
    magic, number, seed = FILE_HEADER.unpack_from(data)
    return SegmentHeader(number, seed) if magic == MAGIC else None


def scan(data: Bytes, seed: int, *, start: int = FIRST) -> Iterator[Frame | Damage]:
    """The frames from `start` on. What is damaged is passed over up to the next whole frame, and told as a Damage;
    a tail of zeros is what nobody wrote to yet, and the end."""
    size = len(data)
    while start + HEAD <= size:
        frame = frame_at(data, seed, start)
        if frame is None:
            if not any_byte(data, start):
                return
            found = _next_whole(data, seed, start + 1)
            yield Damage(start, size if found is None else found.start)
            if found is None:
                return
            frame = found
        yield frame
        start = frame.end


def frame_at(data: Bytes, seed: int, start: int) -> Frame | None:
    """The frame that begins at `start`, if it is whole."""
    if start + HEAD > len(data):
        return None
    length, crc, kind = FRAME_HEADER.unpack_from(data, start)
    end = start + HEAD + length
    if kind == 0 or end > len(data):
        return None
    payload = bytes(data[start + HEAD : end])
    return Frame(start, end, kind, payload) if checksum(seed, kind, payload) == crc else None


def any_byte(data: Bytes, start: int) -> bool:
    """Is there anything but zeros from `start` on?"""
    return any(
        data[at : at + _BLOCK] != _ZEROS[: min(_BLOCK, len(data) - at)]
        for at in range(start, len(data), _BLOCK)
    )


def _next_whole(data: Bytes, seed: int, start: int) -> Frame | None:
    for match in _FRAME_START.finditer(data, start + HEAD - 1):
        frame = frame_at(data, seed, match.start() + 1 - HEAD)
        if frame is not None:
            return frame
    return None
