"""`headgate keys`, without a gateway and beside a listening one."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from headgate.identity.keys.hot import token_hash
from headgate.identity.keys.service import pepper_of
from headgate.store.control import ControlServer, Notice
from headgate.store.folder import FolderLock, prepare_folder
from headgate.store.sockets import CONTROL_SOCKET, socket_path
from tests.cli.conftest import Run, process


def test_a_key_is_shown_once_and_kept_as_a_hash(run: Run, tmp_path: Path) -> None:
    token = run("keys", "create", "laptop", "--quiet").out.strip()
    assert token.startswith("pk_")
    data = tmp_path / "data"
    rows = sqlite3.connect(data / "headgate.db").execute("SELECT hash, label FROM api_keys").fetchall()
    assert rows == [(token_hash(pepper_of(data), token.encode()), "laptop")]
    listed = run("keys", "list")
    assert token not in listed.all
    assert token[:7] in listed.out


def test_create_list_revoke(run: Run) -> None:
    made = json.loads(
        run("keys", "create", "ops", "--admin", "--mode", "observe", "--app", "billing", "--json").out
    )
    assert (made["admin"], made["mode"], made["appId"]) == (True, "observe", "billing")
    assert run("keys", "revoke", made["id"]).code == 0
    [listed] = json.loads(run("keys", "list", "--json").out)["keys"]
    assert listed["id"] == made["id"]
    assert listed["revokedAt"] is not None
    assert "token" not in listed
    again = run("keys", "revoke", "key_none")
    assert again.code == 1
    assert "does not exist" in again.err


def test_a_key_for_a_project_that_is_not_there_is_refused(run: Run) -> None:
    told = run("keys", "create", "x", "--tenant", "ten_none")
    assert told.code == 1
    assert "project" in told.err


def test_a_bad_expiry_is_refused(run: Run) -> None:
    told = run("keys", "create", "x", "--expires-at", "yesterday-ish")
    assert told.code == 1
    assert "expiresAt" in told.err


def test_a_running_gateway_is_told_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert process(["keys", "create", "first", "--data-dir", str(data)], cwd=tmp_path).code == 0

    async def scenario() -> list[Notice]:
        heard: asyncio.Queue[Notice] = asyncio.Queue()
        server = ControlServer(socket_path(data, CONTROL_SOCKET), heard.put)
        await server.start()
        try:
            done = await asyncio.to_thread(
                process, ["keys", "create", "second", "--data-dir", str(data)], cwd=tmp_path
            )
            assert done.code == 0, done.err
            return [await asyncio.wait_for(heard.get(), 10)]
        finally:
            await server.close()

    with FolderLock(data):
        [notice] = asyncio.run(scenario())
    assert (notice.part, notice.tenant, notice.version) == ("keys", "ten_default", 2)


def test_an_old_database_is_not_migrated_under_a_running_gateway(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare_folder(data)
    with FolderLock(data):
        told = run("keys", "list")
    assert told.code == 1
    assert "Stop it first" in told.err


def test_a_database_that_cannot_be_reached_is_told_in_words(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/none")
    told = run("keys", "list")
    assert told.code == 1
    assert "doctor" in told.err
    assert "hush" not in told.all
