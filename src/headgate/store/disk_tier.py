"""A disk tier for caches: rows with a time to live in one SQLite file, written behind by a thread of its own.

It may lose what it holds and never gets in the way: a broken file is made anew, a locked one is tried again later.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from headgate.kernel.clock import Clock
from headgate.kernel.logging import get_log
from headgate.store.disk_file import BROKEN, BUSY, DiskFile, Match, Row

log = get_log("store")

BATCH_ROWS, BATCH_BYTES = 256, 512 * 1024  # in one transaction: a read waits for no more
GATHER_S = 0.15  # how long a row may wait for others, so that one transaction writes many
GATHER_BYTES = 1024 * 1024  # no longer than until so much waits
RETRY_S = 5.0  # after trouble: how long the file is left alone
BUSY_RETRY_S = 0.2  # someone else has the lock: nothing is dropped but what finds no room in the queue
ROW_OVERHEAD = 200
SEEN_BITS = 1 << 24  # two bits a key: 2 MiB, below one false "maybe" in a hundred at half a million keys


class DiskStats(NamedTuple):
    """`skipped` rows found no room in the queue or on the disk; `trouble` is why the tier is off, or ""."""

    file_bytes: int
    queued_bytes: int
    written: int
    skipped: int
    recreated: int
    trouble: str


class _Job(NamedTuple):
    """Something to do in order with the writes, and who waits for it."""

    work: Callable[[DiskFile], int]
    done: Future[int]


class DiskTier:
    """Puts are dropped (and counted) when the queue is full; reads overtake writes; removals are never dropped.
    Rows gather for a moment before they are written; a read finds them all the same, a job or the end writes them at once."""

    def __init__(self, path: Path, *, max_bytes: int, queue_bytes: int, clock: Clock) -> None:
        self._file = DiskFile(path, max_bytes=max_bytes)
        self._queue_bytes = queue_bytes
        self._clock = clock
        self._writes: deque[Row | _Job] = deque()
        self._waiting: dict[bytes, Row] = {}  # the rows among `_writes`, the newest of each key
        self._jobs = 0  # those among `_writes`
        self._since = 0.0  # when the first of `_writes` began to wait
        self._due = 0  # how many of `_writes` have gathered for long enough
        self._reads: deque[tuple[bytes, Future[Row | None]]] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._seen: bytearray | None = None  # None until the keys of the file are known
        self._queued = 0
        self._written = 0
        self._skipped = 0
        self._recreated = 0
        self._trouble = ""

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="cache-disk", daemon=True)
        self._thread.start()

    def close(self, *, timeout_s: float = 5.0) -> None:
        """Write what is queued and stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def put(self, row: Row) -> bool:
        """Queue a row for the file. False when there is no room in the queue."""
        size = len(row.value) + ROW_OVERHEAD
        if self._closing or self._trouble or self._queued + size > self._queue_bytes:
            self._skipped += 1
            return False
        with self._wake:
            before = self._queued
            self._queued = before + size
            self._writes.append(row)
            self._waiting[row.key] = row
            if not before:
                self._since = time.monotonic()
            if not before or before < GATHER_BYTES <= self._queued:
                self._wake.notify()
        if self._seen is not None:
            _mark(self._seen, row.key)
        return True

    def maybe(self, key: bytes) -> bool:
        """May the file hold `key`? Never wrong when it says no; costs no wait."""
        seen = self._seen
        if self._trouble or self._closing or self._thread is None:
            return False
        if seen is None:
            return True
        first, second = int.from_bytes(key[:3]), int.from_bytes(key[3:6])
        return bool(seen[first >> 3] >> (first & 7) & 1 and seen[second >> 3] >> (second & 7) & 1)

    def read(self, key: bytes) -> Future[Row | None]:
        """The row of `key`, also one that is still queued. The future may be cancelled."""
        future: Future[Row | None] = Future()
        with self._wake:
            if self._closing or self._trouble or self._thread is None:
                future.set_result(None)
                return future
            self._reads.append((key, future))
            self._wake.notify()
        return future

    def remove(self, match: Match) -> Future[int]:
        """Remove every row that matches, after the writes queued so far; the result is how many."""
        return self._do(lambda file: file.remove(match))

    def settled(self) -> Future[int]:
        """Done when everything queued so far is in the file."""
        return self._do(lambda _file: 0)

    def counts(self, tenant: str, app: str | None, now_s: int) -> list[tuple[str, int, int]]:
        """(kind, entries, bytes) of a tenant; none when the file cannot be read. Blocks: call it off the loop."""
        try:
            return self._file.counts(tenant, app, now_s)
        except sqlite3.Error:
            return []

    def stats(self) -> DiskStats:
        return DiskStats(
            self._file.size(), self._queued, self._written, self._skipped, self._recreated, self._trouble
        )

    def _do(self, work: Callable[[DiskFile], int]) -> Future[int]:
        future: Future[int] = Future()
        with self._wake:
            if self._closing or self._thread is None:
                future.set_result(0)
                return future
            self._writes.append(_Job(work, future))
            self._jobs += 1
            self._wake.notify()
        return future

    def _run(self) -> None:
        while True:
            self._wait()
            try:
                if not self._file.is_open:
                    self._open()
                self._answer_reads()
                self._write_batch()
            except sqlite3.Error as error:
                self._recover(error)
                if self._closing:
                    break
            if self._closing and not self._writes:
                break
        self._end()

    def _wait(self) -> None:
        """Until there is something to read, or what is queued has gathered for long enough."""
        with self._wake:
            while not self._due and self._file.is_open:
                left = self._since + GATHER_S - time.monotonic()
                if self._writes and (self._jobs or self._queued >= GATHER_BYTES or left <= 0):
                    self._due = len(self._writes)
                elif self._closing or self._reads:
                    break
                else:
                    self._wake.wait(left if self._writes else None)
            if self._closing:
                self._due = len(self._writes)

    def _open(self) -> None:
        self._file.open()
        seen = bytearray(SEEN_BITS >> 3)
        for key in self._file.all_keys():
            _mark(seen, key)
        with self._wake:
            for item in self._writes:
                if isinstance(item, Row):
                    _mark(seen, item.key)
            self._seen = seen
            self._trouble = ""

    def _answer_reads(self) -> None:
        while self._reads:
            key, future = self._reads.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            with self._wake:
                row = self._waiting.get(key)
            try:
                if row is None:
                    row = self._file.read(key, int(self._clock.now()))
            finally:
                future.set_result(row)

    def _write_batch(self) -> None:
        """Write the next rows that have gathered, or do the job that comes next."""
        rows: list[Row] = []
        size = 0
        for item in islice(self._writes, min(self._due, BATCH_ROWS)):
            if isinstance(item, _Job) or size > BATCH_BYTES:
                break
            rows.append(item)
            size += len(item.value)
        if rows:
            self._file.write(rows)
            self._written += len(rows)
            self._drop_first(rows)
        elif self._due and isinstance(job := self._writes[0], _Job):
            result = job.work(self._file)
            with self._wake:
                self._writes.popleft()
                self._jobs -= 1
                self._count_down(1)
            if job.done.set_running_or_notify_cancel():
                job.done.set_result(result)

    def _drop_first(self, rows: list[Row]) -> None:
        with self._wake:
            for row in rows:
                self._writes.popleft()
                self._queued -= len(row.value) + ROW_OVERHEAD
                if self._waiting.get(row.key) is row:
                    del self._waiting[row.key]
            self._count_down(len(rows))

    def _count_down(self, count: int) -> None:
        self._due -= count
        self._since = time.monotonic()  # the first of those that came meanwhile

    def _recover(self, error: sqlite3.Error) -> None:
        """The file failed: wait for a lock, make a broken file anew, leave any other alone for a while."""
        code = _code(error)
        if code in BUSY:
            self._pause(BUSY_RETRY_S)
            return
        if not self._trouble:
            log.warning("cache.disk_trouble", error=str(error))
        self._file.close()
        with self._wake:
            self._trouble = str(error) or "unknown"
            self._seen = None
            self._drop_queued()
        if code in BROKEN:
            self._file.discard()
            self._recreated += 1
        else:
            self._pause(RETRY_S)

    def _pause(self, seconds: float) -> None:
        """Wait, unless it is time to close; what is asked meanwhile is not here."""
        until = self._clock.monotonic() + seconds
        with self._wake:
            while not self._closing and (left := until - self._clock.monotonic()) > 0:
                self._wake.wait(min(left, seconds))
                self._refuse_reads()

    def _drop_queued(self) -> None:
        rows = [item for item in self._writes if isinstance(item, Row)]
        self._writes = deque(item for item in self._writes if isinstance(item, _Job))
        self._skipped += len(rows)
        self._queued = self._due = 0
        self._waiting.clear()
        self._refuse_reads()

    def _refuse_reads(self) -> None:
        while self._reads:
            _, future = self._reads.popleft()
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def _end(self) -> None:
        self._file.close()
        with self._wake:
            self._refuse_reads()
            for item in self._writes:
                if isinstance(item, _Job) and item.done.set_running_or_notify_cancel():
                    item.done.set_result(0)


def _code(error: sqlite3.Error) -> int:
    code: Any = getattr(error, "sqlite_errorcode", None)
    return int(code) & 0xFF if code is not None else 0


def _mark(seen: bytearray, key: bytes) -> None:
    for bit in (int.from_bytes(key[:3]), int.from_bytes(key[3:6])):
        seen[bit >> 3] |= 1 << (bit & 7)
