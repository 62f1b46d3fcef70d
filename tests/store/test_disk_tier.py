"""The disk tier: what was written is found again, broken and locked files hurt nobody, bounds hold."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.store.disk_file import Match, Row
from headgate.store.disk_tier import DiskTier
from headgate.testing.clock import FixedClock

NOW = int(FixedClock().now())
PATIENCE_S = 10.0


class RunningClock(FixedClock):
    """Wall time stands still, the monotonic clock runs: pauses of the tier end."""

    def monotonic(self) -> float:
        return time.monotonic()


def row(
    number: int, *, tenant: str = "ten_a", size: int = 100, kind: str = "exact_response", subject: str = ""
) -> Row:
    key = number.to_bytes(32, "big")[::-1]
    return Row(key, tenant, kind, "app", subject, NOW, NOW + 3600, number.to_bytes(4, "big") * (size // 4))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., DiskTier]]:
    tiers: list[DiskTier] = []

    def build(*, max_bytes: int = 64 * 1024 * 1024, queue_bytes: int = 16 * 1024 * 1024) -> DiskTier:
        tier = DiskTier(
            tmp_path / "cache.db", max_bytes=max_bytes, queue_bytes=queue_bytes, clock=RunningClock()
        )
        tier.start()
        tiers.append(tier)
        return tier

    yield build
    for tier in tiers:
        tier.close()


def wait_for(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


def read(tier: DiskTier, one: Row) -> Row | None:
    return tier.read(one.key).result(PATIENCE_S)


def settle(tier: DiskTier) -> None:
    tier.settled().result(PATIENCE_S)


def test_a_row_is_found_at_once_and_after_a_restart(make: Callable[..., DiskTier]) -> None:
    tier, one = make(), row(1)
    assert tier.put(one)
    assert read(tier, one) == one
    tier.close()
    again = make()
    assert again.maybe(one.key)
    assert read(again, one) == one
    settle(again)
    assert not again.maybe(row(77).key), "a key that is not on disk costs no wait"
    assert read(again, row(77)) is None


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from headgate.store.disk_tier import DiskTier; from headgate.store.disk_file import Row\n"
        "from headgate.kernel.clock import SystemClock\n"
        "tier = DiskTier(Path(sys.argv[1]), max_bytes=1 << 26, queue_bytes=1 << 24, clock=SystemClock()); tier.start()\n"
        "for n in range(500): tier.put(Row(n.to_bytes(32, 'big'), 't', 'k', 'a', '', 1, 1 << 40, b'v%d' % n))\n"
        "tier.settled().result(20); sys.stdout.write('written\\n'); sys.stdout.flush(); time.sleep(60)\n"
    )
    path = tmp_path / "cache.db"
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"written\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    tier = DiskTier(path, max_bytes=1 << 26, queue_bytes=1 << 24, clock=RunningClock())
    tier.start()
    found = [tier.read(n.to_bytes(32, "big")).result(PATIENCE_S) for n in range(500)]
    tier.close()
    assert [each.value if each else None for each in found] == [b"v%d" % n for n in range(500)]


@pytest.mark.parametrize("rubbish", [b"this is not a database" * 500, b"SQLite format 3\x00" + bytes(5000)])
def test_a_broken_file_is_made_anew(make: Callable[..., DiskTier], tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "cache.db").write_bytes(rubbish)
    tier, one = make(), row(1)
    wait_for(lambda: tier.stats().recreated == 1 and not tier.stats().trouble)
    assert tier.put(one)
    settle(tier)
    assert read(tier, one) == one


def test_a_file_that_breaks_while_in_use_is_made_anew(make: Callable[..., DiskTier], tmp_path: Path) -> None:
    tier = make()
    for number in range(2000):
        tier.put(row(number))
    settle(tier)
    tier.close()
    with (tmp_path / "cache.db").open("r+b") as file:
        for page in range(1, 60):
            file.seek(page * 4096)
            file.write(os.urandom(4096))
    again = make()
    for number in range(3000, 3200):
        again.put(row(number))
    wait_for(lambda: again.stats().recreated >= 1 and not again.stats().trouble)
    again.put(row(1))
    assert read(again, row(1)) == row(1)


def test_changed_bytes_are_not_served(make: Callable[..., DiskTier], tmp_path: Path) -> None:
    tier = make()
    tier.put(row(1))
    settle(tier)
    with sqlite3.connect(tmp_path / "cache.db") as db:
        db.execute("UPDATE entries SET value = ?", (b"\x00\x00\x00\x02" * 25,))
    db.close()
    assert read(tier, row(1)) is None


def test_a_locked_file_loses_nothing_that_fits_the_queue(
    make: Callable[..., DiskTier], tmp_path: Path
) -> None:
    tier = make()
    settle(tier)
    blocker = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert tier.put(row(1))
    time.sleep(0.5)
    blocker.execute("ROLLBACK")
    blocker.close()
    settle(tier)
    assert read(tier, row(1)) == row(1)
    assert tier.stats().skipped == 0


def test_the_queue_is_bounded_in_bytes(make: Callable[..., DiskTier], tmp_path: Path) -> None:
    tier = make(queue_bytes=50_000)
    settle(tier)
    blocker = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    kept = sum(tier.put(row(number, size=1000)) for number in range(500))
    assert tier.stats().queued_bytes <= 50_000
    assert tier.stats().skipped == 500 - kept > 0
    blocker.execute("ROLLBACK")
    blocker.close()
    settle(tier)
    assert tier.stats().queued_bytes == 0


def test_the_file_is_bounded_and_the_oldest_rows_go(make: Callable[..., DiskTier]) -> None:
    bound = 2 * 1024 * 1024
    tier = make(max_bytes=bound)
    for number in range(1500):
        while not tier.put(row(number, size=8000)):
            settle(tier)
    settle(tier)
    tier.close()
    assert tier.stats().file_bytes <= bound * 1.05
    again = make(max_bytes=bound)
    assert read(again, row(0, size=8000)) is None
    assert read(again, row(1499, size=8000)) == row(1499, size=8000)


def test_removal_comes_after_the_writes_before_it_and_leaves_no_bytes(
    make: Callable[..., DiskTier], tmp_path: Path
) -> None:
    tier = make()
    marker = b"SECRETMARKER" * 10
    for number in range(50):
        tier.put(row(number, subject="s1")._replace(value=marker))
    tier.put(row(100, subject="s2"))
    tier.put(row(101, tenant="ten_b", subject="s1"))
    assert tier.remove(Match("ten_a", subject="s1")).result(PATIENCE_S) == 50
    assert read(tier, row(1)) is None
    assert read(tier, row(100, subject="s2")) is not None
    assert read(tier, row(101, tenant="ten_b", subject="s1")) is not None
    for path in tmp_path.iterdir():
        assert b"SECRETMARKER" not in path.read_bytes(), path.name


def test_counts_are_per_tenant_kind_and_app(make: Callable[..., DiskTier]) -> None:
    tier = make()
    for number in range(3):
        tier.put(row(number))
    tier.put(row(10, kind="tool_result"))
    tier.put(row(11, tenant="ten_b"))
    tier.put(row(12)._replace(expires_s=NOW))
    settle(tier)
    assert {kind: entries for kind, entries, _ in tier.counts("ten_a", None, NOW)} == {
        "exact_response": 3,
        "tool_result": 1,
    }
    assert tier.counts("ten_a", "other", NOW) == []


def test_an_expired_row_is_not_read(make: Callable[..., DiskTier]) -> None:
    tier, one = make(), row(1)._replace(expires_s=NOW)
    tier.put(one)
    settle(tier)
    assert read(tier, one) is None


def test_a_folder_that_cannot_be_written_switches_the_tier_off(tmp_path: Path) -> None:
    tier = DiskTier(
        tmp_path / "missing" / "cache.db", max_bytes=1 << 20, queue_bytes=1 << 20, clock=RunningClock()
    )
    tier.start()
    wait_for(lambda: bool(tier.stats().trouble))
    assert not tier.put(row(1)) and not tier.maybe(row(1).key)
    assert read(tier, row(1)) is None
    tier.close()
    assert tier.remove(Match("ten_a")).result(PATIENCE_S) == 0
