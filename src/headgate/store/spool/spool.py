"""`Spool`: the writing end of the record. Appended to by one thread (the event loop), read and cleared by one (the drain).

Every accepted `reserve` holds room for one more frame, so that what was begun can always be told to its end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from headgate.store.keyfiles import read_or_make
from headgate.store.spool.framing import FIRST, FRAME_HEADER, HEAD, checksum
from headgate.store.spool.segment import (
    MIN_SEGMENT_BYTES,
    Segment,
    segment_numbers,
    segment_path,
)

RESERVED_BYTES = 16 * 1024  # the room kept for the last frame of a call that has begun
RETRY_S = 0.1  # how long a full disk is believed to stay full
READ_BYTES = 1024 * 1024
SYNC_EVERY_S = 1.0

Fsync = Literal["interval", "always", "never"]


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    segment_bytes: int = 64 * 1024 * 1024
    max_bytes: int = 4 * 1024**3
    fsync: Fsync = "interval"


class Position(NamedTuple):
    """A place in the spool: positions of one spool compare in the order of writing."""

    segment: int
    offset: int


class SpoolFull(Exception):
    """There is no room: the disk is full, the spool's own bound is reached, or the disk fails."""


class Spool:
    """Segments `1..n` in a folder. `append` costs a checksum and a copy into mapped memory."""

    def __init__(self, folder: Path, limits: SpoolLimits) -> None:
        self.folder = folder
        self.limits = limits
        self.frames = 0  # written since the start
        self.sync_errors = 0
        self.reserved = 0  # how many frames are promised room
        self.start = Position(1, FIRST)  # where this process begins to write
        self._segments: deque[Segment] = deque()
        self._spares: deque[Segment] = deque()
        self._making = threading.Lock()
        self._reading = threading.Lock()  # held while segments are read from other threads, or removed
        self._retry_at = 0.0
        self._broken: OSError | None = None
        self._next_number = 1
        self._old_bytes = 0
        self._synced_end = Position(0, 0)
        self._synced_at = 0.0

    def open(self) -> None:
        """Begin a new segment after all that are there. Raises OSError when there is no room for it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        numbers = segment_numbers(self.folder)
        self._next_number = numbers[-1] + 1 if numbers else 1
        self._old_bytes = sum(segment_path(self.folder, number).stat().st_size for number in numbers)
        self.start = Position(self._next_number, FIRST)
        self._segments.append(self._make(0))

    @property
    def end(self) -> Position:
        current = self._segments[-1]
        return Position(current.number, current.end)

    @property
    def allocated(self) -> int:
        """Bytes of disk that the spool's files take, those of earlier processes too."""
        return self._old_bytes + sum(each.size for each in (*self._segments, *self._spares))

    # ---- the writing side: the event loop

    def append(self, kind: int, payload: bytes) -> None:
        """Write one frame, leaving the promised room alone. Raises SpoolFull."""
        current = self._segments[-1]
        size = len(payload)
        if (
            self._broken is not None
            or size + (self.reserved + 1) * RESERVED_BYTES > current.size - current.end - HEAD
        ):
            current = self._find_room(size)
        self._put(current, kind, payload)

    def append_begun(self, kind: int, payload: bytes) -> int:
        """Write one frame and promise room for another, of at most RESERVED_BYTES. Returns the segment it went to.
        Raises SpoolFull, and has written nothing then."""
        current = self._segments[-1]
        size = len(payload)
        self.reserved += 1
        if (
            self._broken is not None
            or size + (self.reserved + 1) * RESERVED_BYTES > current.size - current.end - HEAD
        ):
            try:
                current = self._find_room(size)
            except SpoolFull:
                self.reserved -= 1
                raise
        self._put(current, kind, payload)
        return current.number

    def append_promised(self, kind: int, payload: bytes) -> bool:
        """Use one promise for a frame; False, with the promise kept, when it is too large for the room there is."""
        self.reserved -= 1
        current = self._segments[-1]
        size = len(payload)
        if size + self.reserved * RESERVED_BYTES + RESERVED_BYTES <= current.room:
            self._put(current, kind, payload)
            return True
        try:
            current = self._find_room(size)
        except SpoolFull:
            if size > RESERVED_BYTES - HEAD:
                self.reserved += 1
                return False
            while self._segments[-1].room < size and self._spares:
                self._roll()
            current = self._segments[-1]
            if current.room < size:
                self.reserved += 1
                return False
        self._put(current, kind, payload)
        return True

    def _put(self, segment: Segment, kind: int, payload: bytes) -> None:
        begin = segment.end
        body = begin + HEAD
        end = body + len(payload)
        into = segment.map
        into[body:end] = payload
        FRAME_HEADER.pack_into(into, begin, len(payload), checksum(segment.seed, kind, payload), kind)
        if self.limits.fsync == "always":
            self._sync_now(segment)
        segment.end = end  # from here on the drain sees it
        self.frames += 1

    def _sync_now(self, segment: Segment) -> None:
        try:
            segment.sync()
        except OSError as error:
            self._fail(error)
            raise SpoolFull(f"the record's disk fails: {error.strerror}") from error

    def _find_room(self, size: int) -> Segment:
        """The segment that the next `size` bytes go to, after which every promise can still be kept."""
        if self._broken is not None:
            raise SpoolFull(f"the record's disk fails: {self._broken.strerror}")
        while not self._enough(size):
            self._make_spare(size + HEAD)
        while self._segments[-1].room < size:
            self._roll()
        return self._segments[-1]

    def _enough(self, size: int) -> bool:
        promised = self.reserved * RESERVED_BYTES
        current = self._segments[-1]
        placed = False
        free = 0
        for room in (current.room, *(spare.size - FIRST - HEAD for spare in self._spares)):
            left = room
            if not placed:
                if size > room:
                    continue
                placed, left = True, room - size - HEAD
            free += max(0, left - RESERVED_BYTES)  # the end of a segment may be too short for the next frame
        return placed and free >= promised

    def _roll(self) -> None:
        self._segments.append(self._spares.popleft())

    def _make_spare(self, least: int) -> None:
        if time.monotonic() < self._retry_at:
            raise SpoolFull("there is no room on the record's disk")
        with self._making:
            try:
                self._spares.append(self._make(least))
            except OSError as error:
                self._retry_at = time.monotonic() + RETRY_S
                raise SpoolFull(f"there is no room on the record's disk: {error.strerror}") from error

    def _make(self, least: int) -> Segment:
        """A new segment: of the usual size, or a smaller one when the disk holds no more."""
        least = max(least + FIRST + 2 * RESERVED_BYTES, MIN_SEGMENT_BYTES)
        size = max(self.limits.segment_bytes, least)
        while True:
            try:
                if self.allocated + size > self.limits.max_bytes:
                    raise OSError(errno.ENOSPC, "the bound of the spool is reached")
                segment = Segment.create(self.folder, self._next_number, size)
            except OSError as error:
                if error.errno != errno.ENOSPC or size == least:
                    raise
                size = max(size // 4, least)
                continue
            self._next_number += 1
            return segment

    # ---- the reading side: the drain thread

    def prepare(self) -> None:
        """Have the next segment ready before it is needed, and the last writes on the disk in time."""
        current = self._segments[-1]
        if not self._spares and current.end > current.size // 2 and time.monotonic() >= self._retry_at:
            with contextlib.suppress(
                SpoolFull
            ):  # whoever writes when the current segment is full too will see it
                self._make_spare(0)
        if self.limits.fsync != "never" and (
            self._broken or time.monotonic() - self._synced_at >= SYNC_EVERY_S
        ):
            self.sync()

    def sync(self) -> None:
        """Make everything written so far survive a power cut; a disk that fails closes the spool until it works again."""
        self._synced_at = time.monotonic()
        reached = self.end
        if reached == self._synced_end and self._broken is None:
            return
        try:
            if self._broken is not None:
                self._replace_broken()
            for segment in list(self._segments):
                if segment.number >= self._synced_end.segment:
                    segment.sync()
            self._synced_end = reached
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.sync_errors += 1
        self._broken = error

    def _replace_broken(self) -> None:
        """After a failed sync the kernel may have dropped pages: go on in a new file, once one can be made and synced."""
        with self._making:
            fresh = self._make(0)
            fresh.sync()
        self._spares.append(fresh)
        old = self._segments[-1]
        old.size = old.end  # no room: the next write goes to the new file
        self._broken = None

    def read(self, position: Position) -> tuple[list[tuple[int, memoryview]], Position]:
        """About READ_BYTES of frames from `position` on, and where they end. Called by one thread only."""
        segment, after = self._segment_of(position)
        offset = max(position.offset, FIRST) if segment.number == position.segment else FIRST
        end = segment.end  # read after looking for a segment behind it: then it is final if there is one
        if offset >= end:
            return ([], position) if after is None else self.read(Position(after, FIRST))
        chunk = memoryview(segment.map[offset : min(end, offset + READ_BYTES)])
        frames = list(_walk(chunk))
        if not frames:  # one frame larger than a chunk
            length = FRAME_HEADER.unpack_from(segment.map, offset)[0]
            chunk = memoryview(segment.map[offset : offset + HEAD + length])
            frames = list(_walk(chunk))
        taken = sum(len(payload) + HEAD for _, payload in frames)
        return frames, Position(segment.number, offset + taken)

    def _segment_of(self, position: Position) -> tuple[Segment, int | None]:
        """The first segment at or after `position`, and the number of the one after it, which makes its end final."""
        segments = list(self._segments)
        for index, segment in enumerate(segments):
            if segment.number >= position.segment:
                return segment, segments[index + 1].number if index + 1 < len(segments) else None
        return segments[-1], None

    def drop_before(self, number: int) -> None:
        """Remove the segments below `number`: everything in them is in the database."""
        with self._reading:
            while len(self._segments) > 1 and self._segments[0].number < number:
                self._segments.popleft().remove()

    def bytes_after(self, position: Position) -> int:
        """How many bytes were written behind `position`."""
        segments = list(self._segments)
        return sum(
            each.end - (position.offset if each.number == position.segment else FIRST)
            for each in segments if each.number >= position.segment
        )  # fmt: skip

    def set_aside(self, payload: bytes) -> None:
        """Keep a frame that no database takes, for whoever looks into it."""
        with (self.folder / "rejected.frames").open("ab") as file:
            file.write(len(payload).to_bytes(4, "little") + payload)

    def forget_old(self) -> None:
        """The segments of earlier processes are gone."""
        self._old_bytes = 0

    def close(self, *, drained: bool) -> None:
        """Let go of the files. After a full drain only the last one stays, since its number must not come again."""
        with self._reading:
            for spare in self._spares:
                spare.remove()
            if self.limits.fsync != "never" and not drained:
                self.sync()
            while self._segments:
                segment = self._segments.popleft()
                if drained and self._segments:
                    segment.remove()
                else:
                    segment.close(shrink=True)


def _walk(chunk: memoryview) -> list[tuple[int, memoryview]]:
    frames: list[tuple[int, memoryview]] = []
    at, size, unpack = 0, len(chunk), FRAME_HEADER.unpack_from
    while at + HEAD <= size:
        length, _, kind = unpack(chunk, at)
        end = at + HEAD + length
        if end > size:
            break
        frames.append((kind, chunk[at + HEAD : end]))
        at = end
    return frames


def folder_id(folder: Path) -> str:
    """What the database knows this spool by: made once, so that a new folder of the same name is another spool."""
    return read_or_make(folder / "id", lambda: os.urandom(12).hex().encode()).decode()


def unlock_folder(handle: int) -> None:
    os.close(handle)


def lock_folder(folder: Path) -> int | None:
    """Take the spool in `folder` for this process: a handle to keep open, or None when another process has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
