"""The command itself: help, names, and how little it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run, process


def test_help_lists_every_command(tmp_path: Path) -> None:
    told = process(["--help"], cwd=tmp_path)
    assert told.code == 0
    for name in ("serve", "worker", "keys", "config", "runs", "doctor", "verify", "version"):
        assert f"  {name} " in told.out


@pytest.mark.parametrize(
    "words",
    [["serve"], ["worker"], ["keys", "create"], ["keys", "list"], ["keys", "revoke"], ["config", "show"], ["config", "check"],
     ["runs", "list"], ["runs", "show"], ["doctor"], ["verify"]],
)  # fmt: skip
def test_every_command_explains_itself(words: list[str], tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from headgate.cli.command import build

    told = CliRunner().invoke(build(words), [*words, "--help"])
    assert told.exit_code == 0
    assert "--data-dir" in told.output


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    told = process(["srve"], cwd=tmp_path)
    assert told.code == 2
    assert "serve" in told.err


def test_version(run: Run) -> None:
    assert run("version").out.startswith("headgate 0.")


def test_serve_imports_little_before_it_hands_over() -> None:
    code = (
        "import sys; from headgate.cli.command import build; build(['serve']);"
        "heavy = {'sqlalchemy', 'fastapi', 'pydantic', 'uvicorn', 'yaml', 'headgate.app'} & set(sys.modules);"
        "print(heavy or 'light')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "light"
