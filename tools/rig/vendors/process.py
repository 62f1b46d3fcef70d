"""The upstreams as a process of their own, for the length of a `with` block."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from pathlib import Path
from typing import Any, Self

from tools.rig.http import ask
from tools.rig.processes import ROOT, START_S, Process, clean_environment, free_port


class Vendors(Process):
    """`python -m tools.rig.vendors` on a free port."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "tools.rig.vendors", "--port", str(self.port)]
        super().__init__(command, env=clean_environment(), log=log, cwd=ROOT)

    def __enter__(self) -> Self:
        self.launch()
        began = time.monotonic()
        while time.monotonic() - began < START_S and self.is_running:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
                return self
            time.sleep(0.02)
        raise RuntimeError(f"the upstreams did not start:\n{self.tail()}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seen(self) -> list[dict[str, Any]]:
        """Every request so far: path, headers, body."""
        return ask("GET", f"{self.url}/_seen", timeout_s=60).json()
