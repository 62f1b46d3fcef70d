"""One segment: a file whose blocks are allocated before it is mapped, so that writing into it can't fail for want of disk."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

from headgate.store.spool.framing import FILE_HEADER, FIRST, HEAD, MAGIC

SUFFIX = ".seg"
MIN_SEGMENT_BYTES = 64 * 1024
SPARE_DISK_BYTES = 64 * 1024 * 1024  # left to the database, which must grow for the spool to become empty
SPARE_DISK_SHARE = 20  # on a small disk: a twentieth of it
_ZEROS = bytes(1024 * 1024)


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:016d}{SUFFIX}"


def segment_numbers(folder: Path) -> list[int]:
    """The numbers of the segments in `folder`, oldest first."""
    return sorted(int(path.stem) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit())


class Segment:
    """A segment open for writing. `end` is where the next frame goes; whoever reads stops there."""

    __slots__ = ("_file", "end", "map", "number", "path", "seed", "size")

    def __init__(self, path: Path, number: int, file: int, size: int) -> None:
        self.path = path
        self.number = number
        self.size = size
        self.seed = int.from_bytes(os.urandom(4))
        self.end = FIRST
        self._file = file
        self.map = mmap.mmap(file, size)
        self.map[: FILE_HEADER.size] = FILE_HEADER.pack(MAGIC, number, self.seed)

    @classmethod
    def create(cls, folder: Path, number: int, size: int) -> Segment:
        """Make the file and all its blocks. Raises OSError, ENOSPC among them, and leaves nothing behind then."""
        path = segment_path(folder, number)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _leave_room(folder, size)
            _allocate(file, size)
            segment = cls(path, number, file, size)
            sync_folder(folder)
            return segment
        except BaseException:
            os.close(file)
            path.unlink(missing_ok=True)
            raise

    @property
    def room(self) -> int:
        """The largest payload that still fits."""
        return self.size - self.end - HEAD

    def sync(self) -> None:
        """Make what was written survive a power cut. Other threads run meanwhile."""
        os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)

    def close(self, *, shrink: bool = False) -> None:
        """Let go of the file; `shrink` gives back what was not used."""
        if self.map.closed:
            return
        self.map.close()
        if shrink:
            os.ftruncate(self._file, self.end)
        os.close(self._file)

    def remove(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)


def _leave_room(folder: Path, size: int) -> None:
    disk = os.statvfs(folder)
    spare = min(SPARE_DISK_BYTES, disk.f_frsize * disk.f_blocks // SPARE_DISK_SHARE)
    if disk.f_frsize * disk.f_bavail < size + spare:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _allocate(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    done = 0  # macOS has no fallocate: real bytes make real blocks
    while done < size:
        done += os.write(file, _ZEROS[: size - done])


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
