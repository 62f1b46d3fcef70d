"""`config show` and `config check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_show_masks_secrets_and_names_the_source(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNK_API_KEY", "do-not-show")
    monkeypatch.setenv("HEADGATE_DATABASE_URL", "postgresql://me:hush@db/x")
    told = run("config", "show")
    assert told.code == 0
    assert "do-not-show" not in told.all
    assert "hush" not in told.all
    assert "PUNK_API_KEY" in told.out
    rows = json.loads(run("config", "show", "--json").out)["settings"]
    key = next(row for row in rows if row["name"] == "api_key")
    assert key == {
        "name": "api_key",
        "value": "********",
        "from": "PUNK_API_KEY",
        "variable": "HEADGATE_API_KEY",
    }


def test_show_changed_leaves_defaults_out(run: Run) -> None:
    rows = json.loads(run("config", "show", "--changed", "--json").out)["settings"]
    assert {row["from"] for row in rows} - {
        "command line --data-dir",
        "SSL_CERT_FILE",
        "NO_PROXY",
        "no_proxy",
        "https_proxy",
    } == set()


def test_check_says_that_good_settings_are_good(run: Run) -> None:
    assert run("config", "check").code == 0


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("HEADGATE_PORT", "-3", "HEADGATE_PORT"),
        ("PUNK_HOST", "0.0.0.0", "HEADGATE_API_KEY"),
        ("HEADGATE_WORKERS", "2", "HEADGATE_VALKEY_URL"),
        ("HEADGATE_MODULES", '{"secretscn": {}}', "secretscan"),
        ("HEADGATE_MODULES", '{"secretscan": {"no_such_field": 1}}', "no_such_field"),
    ],
)
def test_check_gives_reasons_and_a_status(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str
) -> None:
    monkeypatch.setenv(name, value)
    told = run("config", "check")
    assert told.code == 1
    assert word in told.err


def test_an_unknown_variable_is_a_warning_on_stderr_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_PROT", "1")
    told = run("config", "show", "--json")
    assert "HEADGATE_PORT" in told.err
    json.loads(told.out)


def test_settings_that_cannot_be_read_end_other_commands_with_status_2(run: Run, tmp_path: Path) -> None:
    told = run("config", "show", "--config", str(tmp_path / "none.yaml"))
    assert told.code == 2
    assert "cannot be read" in told.err


def test_check_names_a_cap_that_is_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("caps: {'planet:x': {daily: 1}}\n")
    told = run("config", "check", "--config", str(path))
    assert told.code == 1
    assert "planet:x" in told.all
