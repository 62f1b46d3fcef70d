"""`headgate runs`: what is on record, read from the database."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.recorded import record


def test_without_runs_it_says_so(run: Run) -> None:
    assert run("runs", "list").out.strip() == "No runs."


def test_list_shows_whole_ids_cost_and_preview(run: Run, tmp_path: Path) -> None:
    record(
        tmp_path / "data",
        "run_01M87H7C842KWMBKQBFPZZQ8TK",
        "run_01M87H7C842KWMBKQBFPZZQ8TL",
        preview="[bold]hi[/bold]",
    )
    told = run("runs", "list").out
    assert "run_01M87H7C842KWMBKQBFPZZQ8TK" in told
    assert "$0.000425" in told
    assert "[bold]hi[/bold]" in told
    body = json.loads(run("runs", "list", "--limit", "1", "--json").out)
    assert (len(body["runs"]), body["total"], body["has_more"]) == (1, 2, True)


def test_list_filters(run: Run, tmp_path: Path) -> None:
    record(tmp_path / "data", "run_a", model="gpt-4o")
    record(tmp_path / "data", "run_b", model="other")
    told = run("runs", "list", "--model", "other", "--json")
    assert told.code == 0, told.all
    body = json.loads(told.out)
    assert [each["id"] for each in body["runs"]] == ["run_b"]
    assert json.loads(run("runs", "list", "--until", "2020-01-01", "--json").out)["runs"] == []
    assert run("runs", "list", "--since", "long ago").code == 2


def test_show_has_bodies_events_and_the_state_of_the_chain(run: Run, tmp_path: Path) -> None:
    record(tmp_path / "data", "run_a")
    body = json.loads(run("runs", "show", "run_a", "--json").out)
    assert body["run"]["request"] == {"model": "gpt-4o"}
    assert [event["type"] for event in body["events"]] == ["model.called", "run.completed"]
    assert body["chainOk"] is True
    told = run("runs", "show", "run_a").out
    assert "verified" in told
    assert "model.called" in told


def test_a_run_that_is_not_there(run: Run) -> None:
    told = run("runs", "show", "run_none")
    assert told.code == 1
    assert "run_none" in told.err
