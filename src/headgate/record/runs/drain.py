"""The drain: a thread that turns the spool's frames into rows, and first those that earlier processes left behind.

It never holds a backlog in memory: what is not in the database yet is read from the spool again.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs] it ships none
import msgspec

from headgate.call.frames import Opened
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.hot import Notary
from headgate.kernel.logging import get_log
from headgate.record.runs.keeping import Batch, Keeper, Repeated
from headgate.record.runs.replay import Replay
from headgate.store.bulk import Bulk
from headgate.store.spool.spool import Position, Spool

log = get_log("runs")

SpoolFrame = tuple[int, Any]  # kind and payload
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 5.0
SEQUENCE_EVERY_S = 0.2
POISON = (
    sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError, ValueError,
    TypeError, KeyError, msgspec.MsgspecError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError,
)  # fmt: skip
"""What one frame can raise that would be raised again each time it is tried."""


@dataclass(slots=True)
class DrainState:
    """What the drain tells of itself."""

    frames: int = 0  # of this process, in the database
    replayed: int = 0
    interrupted: int = 0
    rejected: int = 0
    damaged_bytes: int = 0
    failures: int = 0  # in a row
    failures_total: int = 0
    last_error: str = ""
    caught_up_at: float = 0.0  # when nothing was waiting, by the monotonic clock


@dataclass(frozen=True, slots=True)
class Terms:
    """How often the drain looks, which runs are going on and in which segment they began, and whom it tells of each step."""

    interval_s: float
    still_open: Callable[[], dict[str, tuple[Opened, int]]]
    told: Callable[[], None]
    notary: Notary | None = None  # signs the ledger's checkpoints


class Drain:
    """Owns the bulk connection. `nudge` makes it look at once; `reached` is up to where everything is kept."""

    def __init__(
        self,
        spool: Spool,
        keeper: Keeper,
        connect: Callable[[], Bulk],
        replays: Sequence[Replay],
        terms: Terms,
    ) -> None:
        self.state = DrainState()
        self.reached = spool.start
        self._spool = spool
        self._keeper = keeper
        self._connect = connect
        self._interval_s = terms.interval_s
        self._replays = list(replays)
        self._still_open = terms.still_open
        self._told = terms.told
        self._notary = terms.notary
        self._db: Bulk | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._retry_at = 0.0
        self._sequence_at = 0.0
        self._nudged = False
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        """Someone waits: look at once."""
        self._nudged = True
        self._wake.set()

    @property
    def struggling(self) -> bool:
        """Did the last try fail? Then waiting for it is of no use."""
        return self.state.failures > 0

    @property
    def replaying(self) -> bool:
        return bool(self._replays)

    @property
    def replay_bytes(self) -> int:
        """The size of the segments of earlier processes that are not replayed yet."""
        return sum(replay.bytes_left for replay in list(self._replays))

    def stop(self, timeout_s: float) -> bool:
        """Drain what is there and end. True when everything is in the database."""
        self._stopping = True
        self._retry_at = 0.0
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._replays and self.reached == self._spool.end

    def _run(self) -> None:
        while True:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            last = self._stopping
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 the edge of a job: it must go on, and tell
                self._failed(error)
            self._told()
            if last:
                break
        if self._db is not None:
            self._db.close()

    def _turn(self) -> None:
        self._spool.prepare()
        if time.monotonic() < self._retry_at:
            return
        now = time.monotonic()
        if not self._replays and self.reached == self._spool.end:
            self.state.caught_up_at = now
        if self._db is None:
            self._db = self._connect()
        db = self._db
        while self._replays:
            self._replays[0].run(db, self.state)
            self._replays.pop(0)
            self._spool.forget_old()
        while self._step(db):
            pass
        if now >= self._sequence_at or self._nudged:
            self._sequence_at, self._nudged = now + SEQUENCE_EVERY_S, False
            while ledger.has_waiting(db):
                with db.transaction():
                    ledger.sequence(db)
            if self._notary is not None:
                self._notary.turn(db)
        self.state.failures = 0

    def _step(self, db: Bulk) -> bool:
        """Keep about a megabyte of frames; False when there is nothing more."""
        frames, end = self._spool.read(self.reached)
        if not frames:
            return False
        rejected = keep_frames(db, self._keeper, frames, end)
        for payload in rejected:
            self._spool.set_aside(payload)
        self.state.rejected += len(rejected)
        moved_on = end.segment > self.reached.segment
        self.reached = end
        self.state.frames += len(frames)
        self._told()
        if moved_on:
            self._clear(db, end.segment)
        return True

    def _clear(self, db: Bulk, segment: int) -> None:
        """Remove the segments below `segment`, after keeping what in them is still going on."""
        pinned = [opened for opened, place in self._still_open().values() if place < segment]
        if pinned:
            with db.transaction():
                self._keeper.carry(db, pinned)
        db.durable()
        self._spool.drop_before(segment)

    def _failed(self, error: Exception) -> None:
        state = self.state
        state.failures += 1
        state.failures_total += 1
        state.last_error = f"{type(error).__name__}: {error}"
        pause = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(state.failures, 10))
        self._retry_at = time.monotonic() + pause
        log.warning("drain.failed", error=state.last_error, failures=state.failures, retry_s=pause)
        self._keeper.forget()
        if self._db is not None and not isinstance(error, sqlite3.OperationalError):
            db, self._db = self._db, None
            try:
                db.close()
            except Exception as second:  # noqa: BLE001 a broken connection may break on closing too
                log.warning("drain.close_failed", error=repr(second))


def keep_frames(db: Bulk, keeper: Keeper, frames: Sequence[SpoolFrame], end: Position) -> list[bytes]:
    """Keep `frames` in one transaction. Those that can't be kept at all are left out and returned."""
    try:
        _keep(db, keeper, Batch.of(frames), end)
        return []
    except POISON as error:
        keeper.forget()
        log.error("drain.batch_refused", error=repr(error), frames=len(frames))
    good, bad = _sift(db, keeper, frames, end)
    _keep(db, keeper, Batch.of(good), end)
    return bad


def _keep(db: Bulk, keeper: Keeper, batch: Batch, end: Position) -> None:
    try:
        with db.transaction():
            keeper.keep(db, batch, end)
    except Repeated:
        keeper.forget()
        with db.transaction():
            keeper.keep(db, batch, end, repeated=True)


class _Undo(Exception):
    """Ends a trial transaction."""


def _sift(
    db: Bulk, keeper: Keeper, frames: Sequence[SpoolFrame], end: Position
) -> tuple[list[SpoolFrame], list[bytes]]:
    """Try each frame alone, without keeping it."""
    good: list[SpoolFrame] = []
    bad: list[bytes] = []
    for kind, payload in frames:
        try:
            with db.transaction():
                keeper.keep(db, Batch.of([(kind, payload)]), end, repeated=True)
                raise _Undo
        except _Undo:
            good.append((kind, payload))
        except POISON as error:
            log.error("drain.frame_rejected", error=repr(error), bytes=len(payload))
            bad.append(bytes(payload))
        keeper.forget()
    return good, bad
