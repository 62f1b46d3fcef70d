"""Secret files: made once, for their owner only, the same for everybody who asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from headgate.store.keyfiles import read_or_make


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pepper"
    first = read_or_make(path)
    assert read_or_make(path) == first and len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_many_that_ask_at_once_get_the_same_secret_and_leave_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pepper"
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: read_or_make(path), range(64)))
    assert len(found) == 1 and [each.name for each in path.parent.iterdir()] == ["pepper"]
