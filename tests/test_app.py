"""The application as a process: it answers, ends in good order on SIGTERM, and keeps a second one off its folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DEADLINE_S = 60.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def started(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`headgate serve` on `folder`, killed with its worker at the end if it is still there."""
    command = [sys.executable, "-m", "headgate", "serve", "--data-dir", str(folder), "--port", str(port)]
    environment = {**os.environ, "HEADGATE_SPOOL_SEGMENT_BYTES": "1MiB", "HEADGATE_MOCK_CHUNK_MS": "20"}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def post(port: int, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode()
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
        return answer.read()


def until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("it did not begin to listen")


def test_sigterm_lets_a_stream_end_drains_the_record_and_exits_with_0(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path / "data", port) as process:
        until_it_answers(port, process)
        ask = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "x"}]}
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(ask).encode(), timeout=DEADLINE_S
        ) as stream:
            first = stream.readline()
            process.send_signal(signal.SIGTERM)
            rest = stream.read()
        errors = process.stderr.read().decode() if process.stderr else ""
        status = process.wait(DEADLINE_S)

    assert first.startswith(b"data: ")
    assert rest.endswith(b"data: [DONE]\n\n")
    assert status == 0, errors
    assert '"drained": true' in errors


def test_a_second_gateway_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path / "data", port) as first:
        until_it_answers(port, first)
        with started(tmp_path / "data", free_port()) as second:
            _, errors = second.communicate(timeout=DEADLINE_S)

            assert second.returncode != 0
            assert b"Another gateway is running" in errors
        assert b'"chat.completion"' in post(
            port, {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        )
