"""The processes of the bench: the mock upstream, nginx in front of it, the gateway with everything on. Each on its core."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools.rig.http import ask
from tools.rig.processes import Gateway, Process, clean_environment, free_port

HERE = Path(__file__).parent
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
TARGET_CORES, LOAD_CORES = ({0}, {1}) if (os.cpu_count() or 1) > 1 else ({0}, {0})
ADMIN = "bench-admin-token-0123456789"
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err error;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_buffer_size 64k;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{ proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""


def pin(process: Process, cores: set[int]) -> None:
    """Keep a started process, and what it will start, on some cores."""
    for pid in tree(process.pid):
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for pid, fields in _stats():
        children.setdefault(int(fields[1]), []).append(pid)
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Every process with the fields of its stat line after the name."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                yield int(entry.name), line.rpartition(")")[2].split()


def cpu_s(root: int) -> float:
    """User and system time of a process tree so far, ended children included."""
    family = set(tree(root))
    return sum(sum(map(int, fields[11:15])) for pid, fields in _stats() if pid in family) * TICK_S


def rss_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


class Target:
    """Something that answers `/v1/chat/completions`: its port, a key if it wants one, the process whose CPU counts."""

    def __init__(self, name: str, port: int, process: Process | None = None, key: str = "") -> None:
        self.name = name
        self.port = port
        self.process = process
        self.key = key

    def cpu_s(self) -> float:
        return cpu_s(self.process.pid) if self.process else 0.0

    def settle(self) -> None:
        """Until everything that a call sets in motion is done."""
        if isinstance(self.process, Gateway):
            self.process.wait_until_recorded()
            time.sleep(0.2)


class Bench:
    """Everything, started; ends with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = contextlib.ExitStack()
        self.upstream_port = free_port()
        self.targets: dict[str, Target] = {}
        self.start_s = 0.0

    def __enter__(self) -> Bench:  # noqa: PYI034 - one class, never subclassed
        self._launch_upstream()
        self.targets["direct"] = Target("direct", self.upstream_port)
        if nginx := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"):
            self.targets["nginx"] = self._nginx(nginx)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _run(self, process: Process, cores: set[int], port: int) -> Process:
        self.stack.callback(process.stop, 10)
        process.launch()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                ask("POST", f"http://127.0.0.1:{port}/v1/chat/completions", body={"model": "x"}, timeout_s=2)
                break
            time.sleep(0.02)
        else:
            raise RuntimeError(f"{process.command[0]} did not start: {process.tail()}")
        pin(process, cores)
        return process

    def _launch_upstream(self) -> None:
        program = self.folder / "upstream"
        compiler = shutil.which("cc")
        if compiler:
            subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "upstream.c")], check=True)
            command = [str(program)]
        else:
            command = [sys.executable, str(HERE / "upstream.py")]
        process = Process(
            [*command, str(self.upstream_port)], env=clean_environment(), log=self.folder / "upstream.log"
        )
        self._run(process, LOAD_CORES, self.upstream_port)

    def _nginx(self, program: str) -> Target:
        port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(
            NGINX.format(folder=self.folder, port=port, upstream=self.upstream_port), encoding="utf-8"
        )
        command = [program, "-c", str(config), "-p", str(self.folder)]
        process = Process(command, env=clean_environment(), log=self.folder / "nginx.log")
        return Target("nginx", port, self._run(process, TARGET_CORES, port))

    def gateway(self, name: str, **settings: str) -> Target:
        """A gateway with everything on: protected, rate limited, scanning, caching, recording. It has a tenant's key."""
        everything = {
            "PUNK_API_KEY": ADMIN,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.upstream_port}/v1",
            "OPENAI_API_KEY": "sk-bench",
            "HEADGATE_RATE_LIMIT_RPM": "60000000",
            "HEADGATE_CHAT_RATE_LIMIT_RPM": "60000000",
            "HEADGATE_LOG_LEVEL": "warning",
        }
        gateway = Gateway(self.folder / name, settings=everything | settings, key=ADMIN)
        self.stack.callback(gateway.stop, 30)
        self.start_s = gateway.start()
        pin(gateway, TARGET_CORES)
        key = gateway.post("/api/v1/keys", {"name": "bench"}).json()["token"]
        return Target(name, gateway.port, gateway, key)
