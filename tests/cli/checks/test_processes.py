"""Naming processes: of a port, of a lock, of nobody."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from headgate.cli.checks.processes import describe, lock_holder, port_holder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")


def test_a_port_nobody_listens_on() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert port_holder(probe.getsockname()[1]) == ""
        probe.listen()
        assert f"process {os.getpid()}" in port_holder(probe.getsockname()[1])


def test_a_lock_nobody_holds(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert lock_holder(tmp_path / "lock") == ""
    assert lock_holder(tmp_path / "none") == ""


def test_a_process_that_is_gone_is_still_named() -> None:
    assert describe(2**22 + 1) == f"process {2**22 + 1}"
