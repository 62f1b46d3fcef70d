"""Trouble made on purpose: a small disk, a database somebody holds, a byte that was changed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Generator[str]:
    """A disk of so many megabytes at `place`; yields what it is. Raises PermissionError where mounting is refused."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PermissionError(f"no small disk: {done.stderr.strip()}")
    try:
        yield f"tmpfs of {megabytes} MiB"
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(place)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.2)


def fill(path: Path, *, leave: int) -> int:
    """Write a file until only `leave` bytes are free; its size."""
    free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize
    size = max(0, free - leave)
    block = bytes(1024 * 1024)
    written = 0
    with path.open("wb") as file, contextlib.suppress(OSError):
        while written < size:
            written += file.write(block[: min(len(block), size - written)])
    return written


HOLD = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
db.execute("ROLLBACK")
"""


@contextlib.contextmanager
def held_database(path: Path, seconds: float) -> Generator[None]:
    """Another process holds the write lock of a SQLite file. It lets go after `seconds`, or when the block ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline().strip() != "held":
            raise RuntimeError("the lock was not to be had")
        yield
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            holder.wait(seconds + 5)
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()


def change_a_byte(database: Path, run_id: str) -> bool:
    """Change one byte in the middle of the stored events of a run; False when there is none."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as db, db:
        row = db.execute(
            "SELECT e.run_seq, e.chain FROM run_events e JOIN runs r ON r.seq = e.run_seq WHERE r.id = ?",
            (run_id,),
        ).fetchone()
        if row is None:
            return False
        changed = bytearray(row[1])
        changed[len(changed) // 2] ^= 1
        db.execute("UPDATE run_events SET chain = ? WHERE run_seq = ?", (bytes(changed), row[0]))
        return True
