"""`headgate verify`: finds a changed byte in the ledger and names it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from headgate.govern.ledger import service as ledger
from headgate.store.bulk import open_bulk
from tests.cli.conftest import Run


def test_an_empty_record_verifies(run: Run) -> None:
    assert run("verify").code == 0


def test_a_changed_row_is_found_and_named(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        run("keys", "create", name)
    file = tmp_path / "data" / "headgate.db"
    bulk = open_bulk(f"sqlite:///{file}")
    with bulk.transaction():
        ledger.sequence(bulk)
    bulk.close()
    good = json.loads(run("verify", "--json").out)
    assert good["ok"]
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE ledger SET actor = 'somebody' WHERE seq = 2")
    told = run("verify", "--json")
    assert told.code == 1
    [chain] = [each for each in json.loads(told.out)["chains"] if each["chain"] == "ledger"]
    assert chain["firstBad"]["number"] == 2
    assert chain["firstBad"]["id"].startswith("led_")
    assert "BAD" in run("verify").out
