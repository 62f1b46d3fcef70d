"""`headgate import`: a file that starts, a report of what was taken and what not, nothing written over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from headgate.cli.importing import add_to
from headgate.config import load
from tests.cli.moving_samples import LITELLM, PORTKEY_SINGLE


def run(*arguments: str) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    add_to(app)
    return CliRunner().invoke(app, ["import", *arguments])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(LITELLM)
    return path


def test_the_written_file_is_one_that_the_server_takes(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "headgate.yaml"
    result = run("litellm", str(source), "--out", str(out))
    assert result.exit_code == 0, result.output
    settings = load({"config": str(out)}, environ={}, folder=tmp_path, serving=False).settings
    assert settings.model_aliases["fast"] == "groq:llama-3.1-8b-instant"
    assert settings.caps["user:*"] == {"daily": 2.5}
    assert "# " in out.read_text()
    assert "GROQ_API_KEY" in out.read_text()


def test_the_report_says_what_was_taken_and_what_not(source: Path, tmp_path: Path) -> None:
    result = run("litellm", str(source), "--dry-run")
    for text in (
        "Taken:",
        "Not taken:",
        "fast stands for groq:llama-3.1-8b-instant",
        "'watsonx' is not known here",
    ):
        assert text in result.output
    assert not (tmp_path / "headgate.yaml").exists()


def test_the_report_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(PORTKEY_SINGLE)
    report = json.loads(run("portkey", str(path), "--dry-run", "--json").output)
    assert report["settings"]["model_aliases"] == {"*": "anthropic:claude-haiku-4-5"}
    assert report["not_taken"]
    assert report["written"] is None


def test_a_file_that_is_there_is_not_written_over(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "headgate.yaml"
    out.write_text("port: 1\n")
    assert run("litellm", str(source), "--out", str(out)).exit_code == 1
    assert yaml.safe_load(out.read_text()) == {"port": 1}
    assert run("litellm", str(source), "--out", str(out), "--force").exit_code == 0


@pytest.mark.parametrize("text", ["a: [", "just text", "{}"])
def test_what_can_not_be_read_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    result = run("litellm", str(path), "--dry-run")
    assert result.exit_code == 1
    assert "error:" in result.output + result.stderr
