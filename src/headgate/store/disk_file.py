"""The SQLite file behind a disk tier: statements, its bound in bytes, what to do with a broken one."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple

BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
SCHEMA_VERSION = 1
BUSY_MS = 200
PAGE_BYTES = 4096
FULL_SHARE = 0.9  # above this share of the bound the oldest rows go
EVICT_ROWS = 256
# no fsync: a power cut may break the file, and then it is made anew; a killed process loses nothing that was committed
PRAGMAS = (
    f"PRAGMA page_size={PAGE_BYTES}", "PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF",
    f"PRAGMA busy_timeout={BUSY_MS}", "PRAGMA secure_delete=ON", "PRAGMA journal_size_limit=8388608",
)  # fmt: skip
TABLE = """
CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, tenant TEXT NOT NULL, kind TEXT NOT NULL, app TEXT NOT NULL,
  subject TEXT NOT NULL, created_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, size INTEGER NOT NULL,
  crc INTEGER NOT NULL, value BLOB NOT NULL)
"""
INDEX = "CREATE INDEX IF NOT EXISTS ix_entries_owner ON entries (tenant, kind, app, subject, expires_s, size)"
PUT = "INSERT OR REPLACE INTO entries (key, tenant, kind, app, subject, created_s, expires_s, size, crc, value) VALUES "
PUT_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
TOGETHER = 32  # rows in one statement: the interpreter is handed over once for all of them
PUT_ONE, PUT_MANY = PUT + PUT_ROW, PUT + ",".join([PUT_ROW] * TOGETHER)
READ = """
SELECT key, tenant, kind, app, subject, created_s, expires_s, value, crc FROM entries WHERE key = ? AND expires_s > ?
"""
COUNT = """
SELECT kind, COUNT(*), SUM(size) FROM entries
WHERE tenant = ? AND (? IS NULL OR app = ?) AND expires_s > ? GROUP BY kind
"""


class Row(NamedTuple):
    """One cached value and what it belongs to."""

    key: bytes
    tenant: str
    kind: str
    app: str
    subject: str
    created_s: int
    expires_s: int
    value: bytes


class Match(NamedTuple):
    """Which rows of a tenant: None means any."""

    tenant: str
    kind: str | None = None
    app: str | None = None
    subject: str | None = None


class DiskFile:
    """Used by one thread, except `counts` and `size`, which have a connection of their own or none."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max(max_bytes, 64 * PAGE_BYTES)
        self._db: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        return self._db is not None

    def open(self) -> None:
        """Open or create; a file of another schema is emptied. Raises sqlite3.Error."""
        db = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
        )
        try:
            self._path.chmod(0o600)
            for pragma in PRAGMAS:
                db.execute(pragma)
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                db.execute("DROP TABLE IF EXISTS entries")
                db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            db.execute(TABLE)
            db.execute(INDEX)
            db.execute(f"PRAGMA max_page_count={self._max_bytes // PAGE_BYTES}")
        except sqlite3.Error:
            db.close()
            raise
        self._db = db

    def close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def discard(self) -> None:
        """Delete the file and what SQLite keeps beside it."""
        self.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def all_keys(self) -> Iterator[bytes]:
        for (key,) in self._open_db().execute("SELECT key FROM entries"):
            yield key

    def read(self, key: bytes, now_s: int) -> Row | None:
        """The row of `key`, unless it has expired or its bytes have changed on the disk."""
        found = self._open_db().execute(READ, (key, now_s)).fetchone()
        if found is None or zlib.crc32(found[7]) != found[8]:
            return None
        return Row(*found[:8])

    def write(self, rows: Sequence[Row]) -> None:
        """Keep `rows` in one transaction; the oldest go when the file is near its bound."""
        db = self._open_db()
        self._evict(db, sum(len(row.value) for row in rows))
        with _Transaction(db):
            values = [(*row[:7], len(row.value), zlib.crc32(row.value), row.value) for row in rows]
            alone = len(values) % TOGETHER
            if alone:
                db.executemany(PUT_ONE, values[:alone])
            for at in range(alone, len(values), TOGETHER):
                db.execute(PUT_MANY, list(chain.from_iterable(values[at : at + TOGETHER])))

    def remove(self, match: Match) -> int:
        """Remove what matches; nothing of it stays in the file or in the log beside it."""
        db = self._open_db()
        where = ["tenant = ?"] + [
            f"{name} = ?"
            for name, value in zip(match._fields[1:], match[1:], strict=True)
            if value is not None
        ]
        values = [value for value in match if value is not None]
        with _Transaction(db):
            removed = db.execute(f"DELETE FROM entries WHERE {' AND '.join(where)}", values).rowcount
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def sweep(self, now_s: int) -> int:
        """Remove expired rows and give the free pages back to the disk."""
        db = self._open_db()
        removed = 0
        while True:
            with _Transaction(db):
                gone = db.execute(
                    "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE expires_s <= ? LIMIT ?)",
                    (now_s, EVICT_ROWS),
                ).rowcount
            removed += gone
            if gone < EVICT_ROWS:
                break
        self._evict(db, 0)
        for _ in range(
            0, db.execute("PRAGMA freelist_count").fetchone()[0], EVICT_ROWS
        ):  # a few at a time: others write too
            db.executescript(
                f"PRAGMA incremental_vacuum({EVICT_ROWS})"
            )  # `execute` would stop after one page
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def counts(self, tenant: str, app: str | None, now_s: int) -> list[tuple[str, int, int]]:
        """(kind, entries, bytes) of a tenant, read by a connection of its own."""
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000)) as db:
            return db.execute(COUNT, (tenant, app, app, now_s)).fetchall()

    def size(self) -> int:
        """The bytes of the file and its log."""
        return sum(_size(path) for path in (self._path, self._path.with_name(self._path.name + "-wal")))

    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the cache file is not open")
        return self._db

    def _evict(self, db: sqlite3.Connection, coming_bytes: int) -> None:
        """Drop the oldest rows until the pages in use and what is coming stay below the bound."""
        goal = int(self._max_bytes * FULL_SHARE) - int(coming_bytes * 1.2)
        while _used_bytes(db) > goal:
            with _Transaction(db):
                gone = db.execute(
                    "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY id LIMIT ?)",
                    (EVICT_ROWS,),
                ).rowcount
            if not gone:
                return


class _Transaction:
    """BEGIN IMMEDIATE ... COMMIT, rolled back when the block raises."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._db.execute("COMMIT")
        elif self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it is being made anew
        return 0


def _used_bytes(db: sqlite3.Connection) -> int:
    pages = db.execute("PRAGMA page_count").fetchone()[0] - db.execute("PRAGMA freelist_count").fetchone()[0]
    return pages * PAGE_BYTES
