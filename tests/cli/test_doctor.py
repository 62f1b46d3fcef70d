"""`headgate doctor` as a whole: its words and its exit status."""

from __future__ import annotations

import json
import socket

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("HEADGATE_PORT", str(port))
    return port


@pytest.mark.usefixtures("free_port")
def test_a_healthy_machine(run: Run) -> None:
    told = run("doctor", "--json")
    body = json.loads(told.out)
    assert body["ok"] is (told.code == 0)
    checks = {finding["check"] for finding in body["findings"]}
    assert {
        "mode",
        "data folder",
        "port",
        "database",
        "provider",
        "disk",
        "spool",
        "clock",
        "file limit",
    } <= checks
    assert [finding for finding in body["findings"] if finding["state"] == "bad"] == []


def test_a_taken_port_ends_with_status_1_and_a_cure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("HEADGATE_PORT", str(taken.getsockname()[1]))
        told = run("doctor")
    assert told.code == 1
    assert "BAD   port" in told.out
    assert "-> End it" in told.out


@pytest.mark.usefixtures("free_port")
def test_an_unknown_variable_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNK_PROVIDR", "mock")
    told = run("doctor")
    assert told.code == 0
    assert "PUNK_PROVIDER?" in told.out


@pytest.mark.usefixtures("free_port")
def test_settings_that_forbid_to_serve_do_not_hide_the_other_checks(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_WORKERS", "3")
    told = run("doctor", "--json")
    assert told.code == 1
    findings = json.loads(told.out)["findings"]
    assert {"settings", "disk"} <= {finding["check"] for finding in findings}
