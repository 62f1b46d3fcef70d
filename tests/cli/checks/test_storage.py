"""Doctor's checks of folder, database, disk and spool, against real faults."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from headgate.cli.checks import storage
from headgate.cli.session import prepare
from headgate.config import Settings
from headgate.store.folder import FolderLock, prepare_folder
from headgate.store.spool.segment import segment_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_a_folder_to_be_made_is_fine(settings: Settings) -> None:
    [finding] = storage.folder(settings)
    assert finding.state == "ok"
    assert not settings.data_dir.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_bad(settings: Settings) -> None:
    prepare_folder(settings.data_dir)
    settings.data_dir.chmod(0o500)
    try:
        [finding] = storage.folder(settings)
    finally:
        settings.data_dir.chmod(0o700)
    assert finding.state == "bad"
    assert "chown" in finding.cure


def test_a_file_in_place_of_the_folder_is_bad(settings: Settings) -> None:
    settings.data_dir.touch()
    [finding] = storage.folder(settings)
    assert finding.state == "bad"


def test_a_locked_folder_names_who_holds_it(settings: Settings) -> None:
    prepare_folder(settings.data_dir)
    with FolderLock(settings.data_dir):
        [finding] = storage.folder(settings)
    assert f"process {os.getpid()}" in finding.what


def test_a_secret_that_others_can_read_is_a_warning(settings: Settings) -> None:
    prepare_folder(settings.data_dir)
    key = settings.data_dir / "keys" / "pepper"
    key.write_bytes(b"x")
    key.chmod(0o644)
    assert [finding.state for finding in storage.folder(settings)] == ["ok", "warn"]


def test_a_good_database_is_good(settings: Settings) -> None:
    prepare(settings)
    assert {finding.state for finding in storage.database(settings)} == {"ok"}


def test_a_newer_schema_is_bad(settings: Settings) -> None:
    prepare(settings)
    with sqlite3.connect(settings.data_dir / "headgate.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    [finding] = storage.database(settings)
    assert finding.state == "bad"
    assert "9999" in finding.what
    assert "backup" in finding.cure


def test_a_database_locked_by_another_program_is_bad(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT_S", 0.05)
    prepare(settings)
    holder = sqlite3.connect(settings.data_dir / "headgate.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    findings = list(storage.database(settings))
    holder.close()
    assert findings[-1].state == "bad"
    assert "locked" in findings[-1].what


def test_a_file_that_is_no_database_is_bad(settings: Settings) -> None:
    prepare_folder(settings.data_dir)
    (settings.data_dir / "headgate.db").write_text("no database at all, but long enough to be looked at")
    [finding] = storage.database(settings)
    assert finding.state == "bad"


def test_an_unreachable_postgres_is_bad_and_the_password_is_not_shown(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://me:hush@127.0.0.1:1/none")
    [finding] = storage.database(settings)
    assert finding.state == "bad"
    assert "hush" not in finding.what
    assert "HEADGATE_DATABASE_URL" in finding.cure


def test_a_disk_without_room_for_the_spool_is_bad(tmp_path: Path) -> None:
    [finding] = storage.disk(Settings(data_dir=tmp_path, spool_segment_bytes=2**60))
    assert finding.state == "bad"
    assert "HEADGATE_RETENTION_DAYS" in finding.cure


def test_a_spool_that_fills_up_is_bad_and_a_left_one_is_told(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, spool_max_bytes=4096)
    segment = segment_path(tmp_path / "spool" / "0", 1)
    segment.parent.mkdir(parents=True)
    segment.write_bytes(bytes(65536))
    [finding] = storage.spool(settings)
    assert finding.state == "bad"
    [left] = storage.spool(Settings(data_dir=tmp_path))
    assert left.state == "ok"
    assert "next start" in left.what
