"""`headgate verify`: finds a changed byte in the ledger or in an event of a run, and names it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headgate.govern.ledger import rows
from headgate.govern.ledger.checkpoints import Checkpoint, PublicKey
from headgate.govern.ledger.merkle import leaf_hash
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


def test_an_export_is_verified_with_nothing_but_its_key(run: Run, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = PublicKey(key.public_key())
    (tmp_path / "ledger.pub").write_text(public.pem)
    fields = rows.Fields("anna", 1, "approve", "{}", "led_1", "review", "", 1, "pr", "ten_a")
    digest = rows.chain_hash(rows.start("ten_a"), fields)
    point = Checkpoint("ten_a", 1, leaf_hash(digest), 5, public.id, b"")
    point = replace(point, signature=key.sign(point.text))
    row = {name: getattr(fields, name) for name in fields.__struct_fields__} | {"hash": digest.hex()}
    lines = [{"format": "headgate-ledger-1", "tenant": "ten_a"}, row, {"checkpoint": point.as_json()}]
    export = tmp_path / "export.jsonl"
    export.write_text("".join(json.dumps(line) + "\n" for line in lines))
    elsewhere = ("verify", str(export), "--key", str(tmp_path / "ledger.pub"))

    good = run(*elsewhere)
    export.write_text(export.read_text().replace("anna", "olga"))
    bad = run(*elsewhere, "--json")

    assert (good.code, "1 entries, 1 covered" in good.out) == (0, True)
    assert (bad.code, json.loads(bad.out)["first_bad"]) == (1, 1)
    assert run("verify", str(export)).code != 0
