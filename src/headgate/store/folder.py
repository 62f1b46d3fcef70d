"""The data folder: made for its owner only, and used by one gateway at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

FOLDERS = ("spool", "keys", "run")


class DataFolderInUse(Exception):
    """Another gateway runs on this data folder."""


def prepare_folder(data_dir: Path) -> None:
    """Make the data folder and its parts."""
    for folder in (data_dir, *(data_dir / name for name in FOLDERS)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class FolderLock:
    """Held while a gateway runs, or while a command must be alone. Entering raises DataFolderInUse."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"

    def __enter__(self) -> None:
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise DataFolderInUse(
                f"Another gateway is running on the data folder {self._path.parent}."
            ) from None

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def is_in_use(data_dir: Path) -> bool:
    """Whether a gateway runs on the folder. Changes nothing."""
    try:
        handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
