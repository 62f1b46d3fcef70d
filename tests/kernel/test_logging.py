"""Log lines: JSON where a program reads, and only from the level that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from headgate.kernel.logging import configure, get_log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_a_line_is_json_with_event_room_keys_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="info", json_lines=True)
    get_log("runs").info("run.kept", run="run_1")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["room"], line["run"], line["level"]) == ("run.kept", "runs", "run_1", "info")
    assert line["timestamp"].endswith("Z")


def test_below_the_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="warning", json_lines=True)
    get_log("runs").info("run.kept")
    get_log("runs").warning("run.late")
    said = capsys.readouterr().err
    assert "run.kept" not in said
    assert "run.late" in said
