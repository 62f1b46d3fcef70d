"""Loading settings for a command."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from headgate.cli.options import fail, load_or_exit, settings_of


def test_options_choose_the_instance(tmp_path: Path) -> None:
    assert settings_of(tmp_path, None).data_dir == tmp_path


def test_every_problem_is_printed_and_the_status_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADGATE_PORT", "x")
    monkeypatch.setenv("HEADGATE_LOG_LEVEL", "y")
    with pytest.raises(typer.Exit) as ended:
        load_or_exit({})
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.count("error: ") == 2


def test_only_serving_minds_what_concerns_a_gateway() -> None:
    assert load_or_exit({"host": "0.0.0.0"}).settings.host == "0.0.0.0"
    with pytest.raises(typer.Exit):
        load_or_exit({"host": "0.0.0.0"}, serving=True)


def test_fail_says_why_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        fail("No.")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == "error: No.\n"
