"""Who holds a file lock or a port, as far as the system tells. Reads `/proc`; elsewhere it knows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"


def lock_holder(path: Path) -> str:
    """The process that holds a flock on the file, or an empty text."""
    try:
        inode = path.stat().st_ino
        for line in (PROC / "locks").read_text().splitlines():
            parts = line.split()
            if len(parts) > 5 and parts[1] == "FLOCK" and parts[5].rpartition(":")[2] == str(inode):
                return describe(int(parts[4]))
    except (OSError, ValueError):
        return ""
    return ""


def port_holder(port: int) -> str:
    """The process that listens on the TCP port, or an empty text."""
    inodes = set(_listening(port))
    if not inodes:
        return ""
    for process in PROC.iterdir():
        if process.name.isdigit() and inodes & set(_sockets(process)):
            return describe(int(process.name))
    return ""


def _listening(port: int) -> Iterator[str]:
    """Inodes of the sockets that listen on the port."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            parts = line.split()
            if parts[3] == LISTEN and int(parts[1].rpartition(":")[2], 16) == port:
                yield parts[9]


def _sockets(process: Path) -> Iterator[str]:
    try:
        for handle in (process / "fd").iterdir():
            target = str(handle.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return


def describe(pid: int) -> str:
    """`process 123 (python -m headgate serve)`."""
    try:
        words = (
            (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        )
    except OSError:
        words = ""
    return f"process {pid} ({words[:80]})" if words else f"process {pid}"
