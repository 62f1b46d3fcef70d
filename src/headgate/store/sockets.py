"""Unix sockets in the data folder: their names, and a way round the 100 bytes that the kernel allows for a path."""

from __future__ import annotations

import os
import socket
from pathlib import Path

GATEWAY_SOCKET = "gateway.sock"
CONTROL_SOCKET = "control.sock"
MAX_PATH_BYTES = 100  # sun_path is 108 bytes on Linux and 104 on macOS


class SocketPath:
    """A path that bind and connect accept, however deep the folder lies. Keep it as long as the path is used."""

    def __init__(self, path: Path) -> None:
        self._folder: int | None = None
        self.text = str(path)
        if len(os.fsencode(path)) > MAX_PATH_BYTES and Path("/proc/self/fd").exists():
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self.text = f"/proc/self/fd/{self._folder}/{path.name}"

    def close(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


def socket_path(data_dir: Path, name: str) -> Path:
    return data_dir / "run" / name


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`, for its owner only; a leftover of an earlier process is removed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    usable = SocketPath(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        server.bind(usable.text)
    except OSError:
        server.close()
        raise
    finally:
        os.umask(before)
        usable.close()
    server.listen(64)
    server.setblocking(False)
    return server
