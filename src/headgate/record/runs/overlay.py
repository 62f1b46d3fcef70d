"""The overlay: what is written and not yet in the database, read from the spool's files, so that nobody waits for the drain.

Reads files, never the writer's memory: a segment that vanishes meanwhile was drained.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from headgate.call.frames import Closed, Feedback, Late, decode_frame
from headgate.record.runs.keeping import OPENED
from headgate.store.spool.framing import FIRST, Damage, Frame, read_header, scan
from headgate.store.spool.segment import segment_numbers, segment_path
from headgate.store.spool.spool import Position

MAX_FRAMES = 200_000  # of a longer backlog only so much is looked at, and the answer says so


@dataclass(slots=True)
class Tail:
    """Undrained frames of one tenant, in the order of writing. `partial`: there are more than were looked at."""

    runs: list[Closed] = field(default_factory=list[Closed])
    late: list[Late] = field(default_factory=list[Late])
    feedback: list[Feedback] = field(default_factory=list[Feedback])
    partial: bool = False

    def run(self, run_id: str) -> Closed | None:
        return next((run for run in self.runs if run.run_id == run_id), None)


def read_tail(folder: Path, position: Position, tenant: str, *, run_id: str = "") -> Tail:
    """The tail behind `position`; with `run_id` only what belongs to that run. For a thread: it may take a while."""
    tail = Tail()
    marks = (tenant.encode(), run_id.encode())
    seen = 0
    for frame in _frames(folder, position):
        seen += 1
        if seen > MAX_FRAMES:
            tail.partial = True
            break
        if frame.kind == OPENED or marks[0] not in frame.payload or marks[1] not in frame.payload:
            continue
        _add(tail, frame.payload, tenant, run_id)
    return tail


def _add(tail: Tail, payload: bytes, tenant: str, run_id: str) -> None:
    try:
        frame = decode_frame(payload)
    except msgspec.MsgspecError:
        return  # the drain tells of it
    if frame.tenant != tenant or (run_id and frame.run_id != run_id):
        return
    if isinstance(frame, Closed):
        tail.runs.append(frame)
    elif isinstance(frame, Late):
        tail.late.append(frame)
    elif isinstance(frame, Feedback):
        tail.feedback.append(frame)


def _frames(folder: Path, position: Position) -> Iterator[Frame]:
    for number in segment_numbers(folder):
        if number < position.segment:
            continue
        try:
            with (
                segment_path(folder, number).open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                header = read_header(data[:FIRST])
                start = position.offset if number == position.segment else FIRST
                if header is not None:
                    yield from (
                        each
                        for each in scan(data, header.seed, start=max(start, FIRST))
                        if not isinstance(each, Damage)
                    )
        except FileNotFoundError:
            continue
