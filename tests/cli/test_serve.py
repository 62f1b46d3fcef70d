"""`headgate serve` as a real process: it answers, it says what stands in its way, it ends when told."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import process

START_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(
    port: int, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path, subprocess.Popen[bytes]]]:
    """A gateway with a YAML file, without a worker: its port, its working folder, its process."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "h.yaml").write_text("worker: false\nlog_level: warning\n")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "headgate",
        "serve",
        "--port",
        str(port),
        "--data-dir",
        "data",
        "--config",
        "h.yaml",
    ]
    running = subprocess.Popen(command, cwd=folder, env={**os.environ, "PUNK_API_KEY": "boot"})
    try:
        wait_for(port, running)
        yield port, folder, running
    finally:
        running.kill()
        running.wait(30)


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert running.poll() is None, "the gateway ended"
        try:
            if ask(port, "GET", "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the gateway does not answer")


def test_it_serves_calls_and_takes_a_key_made_beside_it(
    gateway: tuple[int, Path, subprocess.Popen[bytes]],
) -> None:
    port, folder, _ = gateway
    body = {"model": "gpt-4o-mini", "temperature": 0, "messages": [{"role": "user", "content": "Hi"}]}
    assert ask(port, "POST", "/v1/chat/completions", body)[0] == 401
    made = process(["keys", "create", "app", "--quiet", "--data-dir", "data"], cwd=folder)
    status, answer = ask(
        port, "POST", "/v1/chat/completions", body, {"authorization": f"Bearer {made.out.strip()}"}
    )
    assert (status, json.loads(answer)["model"]) == (200, "gpt-4o-mini")


def test_a_revoked_key_is_refused_at_once(gateway: tuple[int, Path, subprocess.Popen[bytes]]) -> None:
    port, folder, _ = gateway
    made = json.loads(process(["keys", "create", "app", "--json", "--data-dir", "data"], cwd=folder).out)
    headers = {"authorization": f"Bearer {made['token']}"}
    assert ask(port, "GET", "/v1/models", headers=headers)[0] == 200
    assert process(["keys", "revoke", made["id"], "--data-dir", "data"], cwd=folder).code == 0
    assert ask(port, "GET", "/v1/models", headers=headers)[0] == 401


def test_a_second_gateway_on_the_folder_is_refused_in_words(
    gateway: tuple[int, Path, subprocess.Popen[bytes]],
) -> None:
    _, folder, _ = gateway
    told = process(["serve", "--port", str(free_port()), "--data-dir", "data"], cwd=folder)
    assert told.code == 1
    assert "Another gateway" in told.err
    assert "Traceback" not in told.err


def test_a_taken_port_is_told_in_words(gateway: tuple[int, Path, subprocess.Popen[bytes]]) -> None:
    port, folder, _ = gateway
    told = process(["serve", "--port", str(port), "--data-dir", "other"], cwd=folder)
    assert told.code == 1
    assert f"Port {port}" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--host", "0.0.0.0"], "HEADGATE_API_KEY"),
        (["--workers", "2"], "HEADGATE_VALKEY_URL"),
        (["--tls-cert", "c.pem"], "HEADGATE_TLS_KEY"),
        (["--port", "99999"], "--port"),
        (["--config", "none.yaml"], "none.yaml"),
    ],
)
def test_settings_that_cannot_be_served_with_are_refused(
    arguments: list[str], word: str, tmp_path: Path
) -> None:
    told = process(["serve", *arguments], cwd=tmp_path)
    assert told.code == 2
    assert word in told.err
    assert not (tmp_path / "data").exists()


def test_it_ends_when_told(gateway: tuple[int, Path, subprocess.Popen[bytes]]) -> None:
    _, folder, running = gateway
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) in (0, -signal.SIGTERM)
    assert process(["verify", "--data-dir", "data"], cwd=folder).code == 0
