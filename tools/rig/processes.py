"""Start and end the processes under test: a gateway on a data folder, a scriptable upstream. Each in its own group."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.rig.http import Answer, ask

ROOT = Path(__file__).parents[2]
HEADGATE = ROOT / ".venv" / "bin" / "headgate"
START_S = 60.0
STOP_S = 45.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def clean_environment(**more: str) -> dict[str, str]:
    """What a fresh shell would have: nothing of ours, no provider keys, no proxies."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "PIP_CERT",
        "PIP_FIND_LINKS",
        "UV_CACHE_DIR",
    )
    return {name: os.environ[name] for name in kept if name in os.environ} | more


class Process:
    """A process in a group of its own, with its output in a file. Ends with the `with` block."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path | None = None
    ) -> None:
        self.command = list(command)
        self.env = dict(env)
        self.log = log
        self.cwd = cwd
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._running is not None, "not started"
        return self._running.pid

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def launch(self) -> None:
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                self.command, env=self.env, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    def signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self, timeout_s: float = STOP_S) -> int:
        """SIGTERM to the process, SIGKILL to its group when that was not enough; the exit status."""
        if self._running is None:
            return 0
        if self._running.poll() is None:
            self._running.terminate()
            try:
                self._running.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.signal_group(signal.SIGKILL)
        status = self._running.wait()
        self.signal_group(signal.SIGKILL)  # whatever is left of the group
        return status

    def kill(self) -> None:
        """SIGKILL to the whole group, at once."""
        self.signal_group(signal.SIGKILL)
        if self._running is not None:
            self._running.wait()

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Gateway(Process):
    """`headgate serve` on a data folder. `settings` are environment variables."""

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        program: Path = HEADGATE,
        key: str = "",
        port: int = 0,
    ) -> None:
        self.data_dir = data_dir
        self.key = key
        self.port = port or free_port()
        env = clean_environment(
            HEADGATE_DATA_DIR=str(data_dir), HEADGATE_PORT=str(self.port), **(settings or {})
        )
        # the current folder may hold a .env file; the parent of the data folder does not
        log = data_dir.parent / f"{data_dir.name}.log"
        super().__init__([str(program), "serve"], env=env, log=log, cwd=data_dir.parent)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> float:
        """Start and wait for the first answer; how long that took. Raises RuntimeError when it does not come."""
        self.launch()
        began = time.monotonic()
        while time.monotonic() - began < START_S:
            if not self.is_running:
                break
            with contextlib.suppress(OSError):
                if ask("GET", f"{self.url}/health", timeout_s=5).status == 200:
                    return time.monotonic() - began
            time.sleep(0.02)
        said = self.tail()
        self.kill()
        raise RuntimeError(f"the gateway did not start:\n{said}")

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return ask("GET", self.url + path, headers=self._with_key(headers))

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return ask("POST", self.url + path, body=body, headers=self._with_key(headers))

    def chat(self, text: str, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """One chat call with `text` as the user's message."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]} | more
        return self.post("/v1/chat/completions", body, headers)

    def command_line(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same program on the same data folder."""
        command = [self.command[0], *arguments]
        return subprocess.run(
            command, env=self.env, cwd=self.cwd, capture_output=True, text=True, check=False, timeout=300
        )

    def runs(self) -> list[dict[str, Any]]:
        """Every run on record, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"/api/v1/runs?limit=500{cursor}").json()
            found += page["runs"]
            if not page.get("cursor"):
                return found
            cursor = f"&cursor={page['cursor']}"

    def wait_until_recorded(self, timeout_s: float = 120.0) -> float:
        """Until nothing waits in the spool; how long that took. Raises TimeoutError."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            record: dict[str, Any] = self.get("/api/status").json().get("record") or {}
            if record.get("framesWaiting") == 0 and record.get("bytesWaiting") == 0:
                return time.monotonic() - began
            time.sleep(0.1)
        raise TimeoutError("the spool was not drained")

    def _with_key(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        given = dict(headers or {})
        if self.key and "authorization" not in given:
            given["authorization"] = f"Bearer {self.key}"
        return given


class Upstream(Process):
    """`headgate.testing.fault_server` as a process of its own."""

    def __init__(self, log: Path, *, cert: Path | None = None, key: Path | None = None) -> None:
        self.port = free_port()
        tls = ["--cert", str(cert), "--key", str(key)] if cert and key else []
        command = [sys.executable, "-m", "headgate.testing.fault_server", "--port", str(self.port), *tls]
        super().__init__(command, env=clean_environment(), log=log)
        self.is_tls = bool(tls)

    def __enter__(self) -> Self:
        self.launch()
        began = time.monotonic()
        while time.monotonic() - began < START_S and self.is_running:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
                return self
            time.sleep(0.02)
        raise RuntimeError(f"the upstream did not start:\n{self.tail()}")

    @property
    def url(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://localhost:{self.port}"

    def report(self) -> dict[str, Any]:
        """What it has seen."""
        return ask("GET", f"http://127.0.0.1:{self.port}/_seen", timeout_s=60).json()
