"""Running the command: in this process for its words, as a real process where a process matters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli.command import build


class Outcome:
    """Exit status and what was printed, both streams."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def all(self) -> str:
        return self.out + self.err


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder without `.env`, and none of the developer's own settings."""
    for name in list(os.environ):
        if (
            name.startswith(("HEADGATE_", "PUNK_", "OPENAI_", "DATABASE_", "HTTPS_PROXY"))
            and "TEST" not in name
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run("keys", "list")` on a data folder of the test's own."""

    def call(*arguments: str, data_dir: Path | None = None) -> Outcome:
        words = [*arguments]
        if arguments[0] != "version":
            words += ["--data-dir", str(data_dir or tmp_path / "data")]
        result = CliRunner().invoke(build(words), words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return call


def process(arguments: Sequence[str], environ: dict[str, str] | None = None, *, cwd: Path) -> Outcome:
    """The command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "headgate", *arguments],
        capture_output=True, text=True, timeout=60, cwd=cwd, env={**os.environ, **(environ or {})}, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)
