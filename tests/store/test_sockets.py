"""Unix sockets: only for their owner, at paths of any depth, in place of what an earlier process left."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

from headgate.store.sockets import MAX_PATH_BYTES, SocketPath, listen, socket_path


def connect(path: Path) -> None:
    usable = SocketPath(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(usable.text)
    usable.close()


def test_a_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    path = socket_path(tmp_path, "a.sock")
    with listen(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        connect(path)


def test_a_deep_folder_is_no_hindrance(tmp_path: Path) -> None:
    path = socket_path(tmp_path / ("d" * 100) / ("e" * 100), "a.sock")
    assert len(str(path)) > MAX_PATH_BYTES

    with listen(path):
        connect(path)


def test_what_an_earlier_process_left_is_replaced(tmp_path: Path) -> None:
    path = socket_path(tmp_path, "a.sock")
    listen(path).close()
    assert path.exists()

    with listen(path):
        connect(path)
