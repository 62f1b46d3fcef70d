"""`headgate verify`: finds a changed byte in the ledger or in an event of a run, and names it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.recorded import record


def test_an_empty_record_verifies(run: Run) -> None:
    assert run("verify").code == 0


def test_a_changed_act_is_found_and_named(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        run("keys", "create", name)
    record(tmp_path / "data", "run_1")
    assert json.loads(run("verify", "--json").out)["ok"]
    with sqlite3.connect(tmp_path / "data" / "headgate.db") as connection:
        connection.execute("UPDATE ledger SET actor = 'somebody' WHERE seq = 2")
    told = run("verify", "--json")
    assert told.code == 1
    [tenant] = json.loads(told.out)["tenants"]
    assert tenant["problems"][0]["what"] == "ledger"
    assert tenant["problems"][0]["index"] == 2
    assert "BAD" in run("verify").out


def test_a_changed_event_of_a_run_is_found_and_named(run: Run, tmp_path: Path) -> None:
    record(tmp_path / "data", "run_1", "run_2")
    assert run("verify").code == 0
    with sqlite3.connect(tmp_path / "data" / "headgate.db") as connection:
        [(seq, chain)] = connection.execute(
            "SELECT run_seq, chain FROM run_events ORDER BY run_seq LIMIT 1"
        ).fetchall()
        broken = chain.replace(b"model.called", b"model.cAlled")
        assert broken != chain
        connection.execute("UPDATE run_events SET chain = ? WHERE run_seq = ?", (broken, seq))
    told = run("verify")
    assert told.code == 1
    assert "run run_1: event 0" in told.out
