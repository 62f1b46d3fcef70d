"""The cache's file: sweeping gives room back to the disk, another schema is emptied."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from headgate.store.disk_file import DiskFile, Row

NOW = 1_767_225_600


def rows(count: int, *, expires_s: int) -> list[Row]:
    return [Row(n.to_bytes(32, "big"), "t", "k", "a", "", NOW, expires_s, bytes(2000)) for n in range(count)]


def test_a_sweep_removes_what_has_expired_and_shrinks_the_file(tmp_path: Path) -> None:
    file = DiskFile(tmp_path / "cache.db", max_bytes=1 << 26)
    file.open()
    file.write(rows(1000, expires_s=NOW + 10))
    file.write([Row(b"k" * 32, "t", "k", "a", "", NOW, NOW + 1000, b"stays")])
    before = file.size()
    assert file.sweep(NOW + 10) == 1000
    assert file.size() < before / 4
    kept = file.read(b"k" * 32, NOW + 10)
    assert kept is not None and kept.value == b"stays"
    file.close()


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    file = DiskFile(tmp_path / "cache.db", max_bytes=1 << 26)
    file.open()
    file.close()
    assert (tmp_path / "cache.db").stat().st_mode & 0o777 == 0o600


def test_a_file_of_another_schema_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE entries (old TEXT)")
    db.execute("PRAGMA user_version=99")
    db.close()
    file = DiskFile(path, max_bytes=1 << 26)
    file.open()
    file.write(rows(1, expires_s=NOW + 10))
    assert file.read(rows(1, expires_s=0)[0].key, NOW) is not None
    file.close()
