"""A worker's seat: a name that it keeps over restarts and that no live worker shares. Leases and DBOS know it by that name."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from headgate.store.keyfiles import read_or_make

MAX_SEATS = 64


class NoSeat(Exception):
    """Every seat of the data folder is taken."""


class Seat:
    """The first free seat of a data folder, held by a file lock until the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        folder = data_dir / "run"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(MAX_SEATS):
            handle = os.open(folder / f"worker-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            self._handle = handle
            self.name = f"{_machine(data_dir)}-{number}"
            return
        raise NoSeat(f"all {MAX_SEATS} worker seats of {data_dir} are taken")

    def leave(self) -> None:
        os.close(self._handle)


def _machine(data_dir: Path) -> str:
    """A random name of this data folder: workers of several machines meet in one PostgreSQL."""
    return read_or_make(data_dir / "run" / "worker.name", lambda: os.urandom(6).hex().encode()).decode()
