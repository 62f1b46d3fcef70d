"""`Recorder`: the way into the record. `write` is a copy into mapped memory; the drain thread does the rest."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed, Frame, Opened, encode_frame
from headgate.govern.ledger.hot import Notary
from headgate.kernel.clock import Clock
from headgate.kernel.errors import RecordUnavailable
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.record.runs.drain import Drain, DrainState, Terms, keep_frames
from headgate.record.runs.keeping import CLOSED, KIND_OF, OPENED, Keeper
from headgate.record.runs.overlay import Tail, read_tail
from headgate.record.runs.payloads import Vault
from headgate.record.runs.queries import reading
from headgate.record.runs.replay import Replay
from headgate.store.bulk import open_bulk
from headgate.store.dialect import one_snapshot
from headgate.store.keyfiles import read_or_make
from headgate.store.spool.segment import segment_numbers
from headgate.store.spool.spool import (
    Fsync,
    Position,
    Spool,
    SpoolFull,
    SpoolLimits,
    folder_id,
    lock_folder,
    unlock_folder,
)

log = get_log("runs")

REPLAY_WAIT_S = 10.0
BODIES_DROPPED = "request and response are not on record: there was no room for them"
TEXT_KEPT = 200  # characters of each text when not even the events fit
EVENTS_DROPPED = "events and explanation are not on record: there was no room for them"


@dataclass(frozen=True, slots=True)
class RecorderConfig:
    """Where and how the record is kept. `worker` is the number of this gateway process among `workers`."""

    data_dir: Path
    database_url: str
    worker: int = 0
    workers: int = 1
    on_failure: Literal["refuse", "serve"] = "refuse"
    fsync: Fsync = "interval"
    segment_bytes: int = 64 * 1024 * 1024
    max_bytes: int = 4 * 1024**3
    drain_interval_ms: int = 150

    @classmethod
    def from_settings(cls, settings: Any, *, worker: int = 0) -> RecorderConfig:
        return cls(
            settings.data_dir, settings.main_db_url, worker, settings.workers, settings.on_record_failure, settings.spool_fsync,
            settings.spool_segment_bytes, settings.spool_max_bytes, settings.drain_interval_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """What `/metrics` and `/api/status` tell of the record."""

    frames_written: int
    frames_drained: int
    frames_waiting: int
    bytes_waiting: int
    oldest_waiting_s: float
    lost_frames: int
    dropped_bodies: int
    refused: int
    open_runs: int
    rejected_frames: int
    replayed_frames: int
    interrupted_runs: int
    damaged_bytes: int
    drain_failures: int
    drain_failing: bool
    last_error: str
    spool_bytes: int
    sync_errors: int


class Recorder:
    """One per gateway process, used from its event loop only."""

    def __init__(self, config: RecorderConfig, clock: Clock, ids: Ids) -> None:
        self.config = config
        self._clock = clock
        self._ids = ids
        self._folder = config.data_dir / "spool" / str(config.worker)
        self._spool = Spool(self._folder, SpoolLimits(config.segment_bytes, config.max_bytes, config.fsync))
        self.vault = Vault(
            read_or_make(config.data_dir / "keys" / "payload.key")
        )  # opens payloads for whoever may read them
        self.spool_id = ""
        self._open: dict[
            str, tuple[Opened, int]
        ] = {}  # calls going on, and the segment that tells of their beginning
        self._locks: list[int] = []
        self._waiters: list[tuple[int, asyncio.Future[bool]]] = []
        self._lost = self._dropped = self._refused = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drain: Drain | None = None

    # ---- life

    async def start(self) -> None:
        """Open the spool, begin to drain, replay what earlier processes left. Does not wait for the database."""
        self._loop = asyncio.get_running_loop()
        self._drain = await asyncio.to_thread(self._prepare)
        self._drain.start()
        self._drain.nudge()

    def _prepare(self) -> Drain:
        self.config.data_dir.joinpath("spool").mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = lock_folder(self._folder)
        if lock is None:
            raise RecordUnavailable(f"another process writes to the spool {self._folder.name}")
        self._locks.append(lock)
        self.spool_id = folder_id(self._folder)
        vault = self.vault
        numbers = segment_numbers(self._folder)
        keeper = Keeper(self.spool_id, vault, self._clock, self._ids)
        try:
            self._spool.open()
        except OSError as error:
            self._make_room(self._replay(self._folder, keeper, numbers, self._spool.start), error)
            numbers = []
        replays = [self._replay(self._folder, keeper, numbers, self._spool.start)]
        for folder in self._abandoned():
            left = segment_numbers(folder)
            if left:
                other = Keeper(folder_id(folder), vault, self._clock, self._ids)
                replays.append(self._replay(folder, other, left, Position(left[-1] + 1, 0)))
        notary = Notary(self.config.data_dir, self._clock) if self.config.worker == 0 else None
        terms = Terms(self.config.drain_interval_ms / 1000, lambda: dict(self._open), self._told, notary)
        return Drain(self._spool, keeper, lambda: open_bulk(self.config.database_url), replays, terms)

    def _make_room(self, replay: Replay, error: OSError) -> None:
        """There is no room for a new segment: bring the old ones into the database, which frees theirs."""
        log.warning("recorder.no_room", error=str(error))
        db = open_bulk(self.config.database_url)
        try:
            replay.run(db, DrainState())
        finally:
            db.close()
        self._spool.forget_old()
        self._spool.open()

    def _abandoned(self) -> list[Path]:
        """Spools of worker numbers that no longer exist, which the first worker takes over."""
        if self.config.worker != 0:
            return []
        taken: list[Path] = []
        for folder in sorted(self._folder.parent.iterdir()):
            if folder.name.isdigit() and int(folder.name) >= self.config.workers:
                lock = lock_folder(folder)
                if lock is not None:
                    self._locks.append(lock)
                    taken.append(folder)
        return taken

    def _replay(self, folder: Path, keeper: Keeper, numbers: list[int], end: Position) -> Replay:
        return Replay(
            folder, keeper, keep_frames, numbers, end, self._clock, self._spool.set_aside, lambda: None
        )

    async def close(self, *, timeout_s: float = 10.0) -> bool:
        """Drain and end. True when everything is in the database; else it is in the spool, for the next start."""
        drain = self._drain
        if drain is None:
            return True
        drained = await asyncio.to_thread(drain.stop, timeout_s)
        self._spool.close(drained=drained)
        for lock in self._locks:
            unlock_folder(lock)
        self._drain = None
        return drained

    # ---- writing

    def write(self, frame: Frame) -> None:
        """Put a frame on record. Raises RecordUnavailable when it can't be kept (unless set to serve all the same)."""
        kind = KIND_OF[type(frame)]
        try:
            if kind == OPENED:
                self._write_opened(frame)  # pyright: ignore[reportArgumentType] its kind says so
            elif kind == CLOSED:
                self._write_closed(frame)  # pyright: ignore[reportArgumentType] its kind says so
            else:
                self._spool.append(kind, encode_frame(frame))
        except SpoolFull as full:
            self._refuse(full)

    def _write_opened(self, frame: Opened) -> None:
        if frame.run_id in self._open:
            self._spool.append(OPENED, encode_frame(frame))
            return
        self._open[frame.run_id] = (frame, self._spool.append_begun(OPENED, encode_frame(frame)))

    def _write_closed(self, frame: Closed) -> None:
        if frame.run_id not in self._open:
            try:
                self._spool.append(CLOSED, encode_frame(frame))
            except SpoolFull:
                if not (frame.request or frame.response):
                    raise
                self._spool.append(CLOSED, encode_frame(_without_bodies(frame)))
                self._dropped += 1
            return
        spool = self._spool
        if not spool.append_promised(CLOSED, encode_frame(frame)):
            self._dropped += 1
            bare = _without_bodies(frame)
            tries = (bare, _barest(bare))
            if not any(spool.append_promised(CLOSED, encode_frame(each)) for each in tries):
                raise SpoolFull("not even the room that was kept for it is there")  # a broken disk
        del self._open[frame.run_id]

    def _refuse(self, full: SpoolFull) -> None:
        self._refused += 1
        if self.config.on_failure == "serve":
            self._lost += 1
            return
        raise RecordUnavailable(f"This call can't be put on record, so it was refused: {full}.") from full

    # ---- reading one's writes

    async def caught_up(self, timeout_s: float = 0.25) -> bool:
        """Wait until everything written so far is in the database; False when the time is over first.
        While the spool of an earlier process is replayed, the wait is longer: only then are its open calls known."""
        drain = self._drain
        target = self._spool.frames
        if drain is None or (drain.state.frames >= target and not drain.replaying):
            return True
        drain.nudge()
        if drain.struggling:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        waiter = (target, future)
        self._waiters.append(waiter)
        try:
            return await asyncio.wait_for(future, REPLAY_WAIT_S if drain.replaying else timeout_s)
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def hurry(self) -> None:
        """Someone waits for an act to get its place in the ledger."""
        if self._drain is not None:
            self._drain.nudge()

    def _told(self) -> None:
        """From the drain's thread: something was kept, or failed."""
        loop = self._loop
        if loop is not None and self._waiters and not loop.is_closed():
            loop.call_soon_threadsafe(self._release_waiters)

    def _release_waiters(self) -> None:
        drain = self._drain
        if drain is None:
            return
        for target, future in list(self._waiters):
            if not future.done():
                if drain.state.frames >= target and not drain.replaying:
                    future.set_result(True)
                elif drain.struggling:
                    future.set_result(False)

    @property
    def replaying(self) -> bool:
        """Is something of an earlier process still on its way into the database?"""
        return self._drain is not None and self._drain.replaying

    def running(self, tenant: str) -> list[Opened]:
        """The beginnings of the tenant's calls that are still going on."""
        return [opened for opened, _ in self._open.values() if opened.tenant == tenant]

    async def tail(self, db: AsyncConnection, tenant: str, *, run_id: str = "") -> Tail:
        """What is written and not in the database as `db` sees it. Empty when the drain catches up in time.
        Ask before reading anything else from `db`."""
        if await self.caught_up():
            return Tail()
        await one_snapshot(db)
        position = await reading.position(db, self.spool_id)
        return await asyncio.to_thread(read_tail, self._folder, position, tenant, run_id=run_id)

    def stats(self) -> RecorderStats:
        drain = self._drain
        assert drain is not None, "the recorder is not started"
        state, spool = drain.state, self._spool
        waiting = spool.frames - state.frames
        oldest_s = time.monotonic() - state.caught_up_at if waiting > 0 else 0.0
        return RecorderStats(
            spool.frames, state.frames, waiting, spool.bytes_after(drain.reached) + drain.replay_bytes, oldest_s, self._lost,
            self._dropped, self._refused, len(self._open), state.rejected, state.replayed, state.interrupted, state.damaged_bytes,
            state.failures_total, state.failures > 0, state.last_error, spool.allocated, spool.sync_errors,
        )  # fmt: skip


def _without_bodies(frame: Closed) -> Closed:
    return msgspec.structs.replace(
        frame, request=b"", response=b"", warnings=[*frame.warnings, BODIES_DROPPED]
    )


def _barest(frame: Closed) -> Closed:
    """What fits into the promised room, whatever the call was."""
    short = {
        name: text[:TEXT_KEPT]
        for name in frame.__struct_fields__
        if isinstance(text := getattr(frame, name), str)
    }
    return msgspec.structs.replace(
        frame,
        **short,
        events=[],
        explanation={},
        metadata={},
        usage_raw=b"",
        warnings=[BODIES_DROPPED, EVENTS_DROPPED],
    )
