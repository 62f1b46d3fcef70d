"""Replay: what an earlier process wrote to a spool and did not bring into the database, and the calls it left open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from headgate.call.frames import Closed, Opened, decode_frame
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.logging import get_log
from headgate.record.runs.keeping import CLOSED, OPENED, Batch, Keeper
from headgate.record.runs.queries import bulk as statements
from headgate.record.runs.rows import interrupted
from headgate.store.bulk import Bulk
from headgate.store.spool.framing import FIRST, Damage, read_header, scan
from headgate.store.spool.segment import segment_path
from headgate.store.spool.spool import Position

log = get_log("runs")

BATCH_FRAMES = 500
BATCH_BYTES = 4 * 1024 * 1024

Keep = Callable[[Bulk, Keeper, list[tuple[int, bytes]], Position], list[bytes]]


class Counts(Protocol):
    replayed: int
    interrupted: int
    rejected: int
    damaged_bytes: int


@dataclass(slots=True)
class Replay:
    """The segments `numbers` of the spool in `folder`, all written before this process began. `end` is where its own begin."""

    folder: Path
    keeper: Keeper
    keep: Keep
    numbers: list[int]
    end: Position
    clock: Clock
    set_aside: Callable[[bytes], None]
    done: Callable[[], None]

    @property
    def bytes_left(self) -> int:
        paths = [segment_path(self.folder, number) for number in self.numbers]
        return sum(path.stat().st_size for path in paths if path.exists())

    def run(self, db: Bulk, counts: Counts) -> None:
        """Bring everything in, write the runs that were interrupted, remove the segments. May be run again after a failure."""
        kept = statements.position_of(db, self.keeper.spool) or Position(0, 0)
        opened: dict[str, Opened] = {}
        for run_id, frame in statements.carried(db, self.keeper.spool).items():
            begun = decode_frame(frame)
            if isinstance(begun, Opened):
                opened[run_id] = begun
        if kept < self.end:
            for number in self.numbers:
                self._segment(db, number, kept, opened, counts)
            self._interrupt(db, opened, counts)
        db.durable()
        for number in self.numbers:
            segment_path(self.folder, number).unlink(missing_ok=True)
        self.done()

    def _segment(
        self, db: Bulk, number: int, kept: Position, opened: dict[str, Opened], counts: Counts
    ) -> None:
        path = segment_path(self.folder, number)
        if not path.exists():
            return
        data = path.read_bytes()
        header = read_header(data)
        if header is None:
            log.error("replay.segment_unreadable", file=path.name, bytes=len(data))
            counts.damaged_bytes += len(data)
            if any(data):
                path.replace(path.with_suffix(".damaged"))
            return
        waiting: list[tuple[int, bytes]] = []
        size = 0
        for frame in scan(data, header.seed):
            if isinstance(frame, Damage):
                counts.damaged_bytes += frame.end - frame.start
                log.error("replay.damage", file=path.name, start=frame.start, end=frame.end)
                continue
            _note_open(frame.kind, frame.payload, opened)
            place = Position(number, frame.end)
            if place <= kept:
                continue
            waiting.append((frame.kind, frame.payload))
            size += len(frame.payload)
            if len(waiting) >= BATCH_FRAMES or size >= BATCH_BYTES:
                self._keep_batch(db, waiting, place, counts)
                waiting, size = [], 0
        if waiting:
            self._keep_batch(db, waiting, Position(number, len(data)), counts)

    def _keep_batch(self, db: Bulk, frames: list[tuple[int, bytes]], place: Position, counts: Counts) -> None:
        for payload in self.keep(db, self.keeper, frames, place):
            self.set_aside(payload)
            counts.rejected += 1
        counts.replayed += len(frames)

    def _interrupt(self, db: Bulk, opened: dict[str, Opened], counts: Counts) -> None:
        """What was begun and never ended, by a process that is gone."""
        now_us = to_us(self.clock.now())
        runs = [interrupted(each, now_us=now_us) for each in opened.values()]
        holds = {run_id: each.hold_pico for run_id, each in opened.items()}
        with db.transaction():
            self.keeper.keep(
                db, Batch(runs=runs, holds=holds), Position(self.end.segment, FIRST), repeated=True
            )
        counts.interrupted += len(runs)


def _note_open(kind: int, payload: bytes, opened: dict[str, Opened]) -> None:
    if kind not in (OPENED, CLOSED):
        return
    try:
        frame = decode_frame(payload)
    except msgspec.MsgspecError:
        return  # the batch it is in tells of it
    if isinstance(frame, Opened):
        opened[frame.run_id] = frame
    elif isinstance(frame, Closed):
        opened.pop(frame.run_id, None)
