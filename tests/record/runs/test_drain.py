"""The drain keeps every good frame of a batch with a bad one, and a failure is tried again later and later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.call.frames import encode_frame
from headgate.kernel.ids import Ids
from headgate.record.runs.drain import Drain, Terms, keep_frames
from headgate.record.runs.keeping import CLOSED, Keeper
from headgate.record.runs.payloads import Vault
from headgate.store.bulk import Bulk, open_bulk
from headgate.store.spool.spool import Position, Spool, SpoolLimits
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed


@pytest.fixture
def keeper(clock: FixedClock) -> Keeper:
    return Keeper("spool-0", Vault(b"k" * 32), clock, Ids(clock))


@pytest.fixture
def db(database_url: str) -> Iterator[Bulk]:
    bulk = open_bulk(database_url)
    yield bulk
    bulk.close()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool", SpoolLimits(64 * 1024, 1024 * 1024, "never"))
    (tmp_path / "spool").mkdir()
    made.open()
    yield made
    made.close(drained=True)


def ids(db: Bulk) -> list[str]:
    return [row[0] for row in db.run("SELECT id FROM runs ORDER BY id")]


@pytest.mark.parametrize("bad", [encode_frame(closed("run_9", at_us=2**63)), b"\x93garbage"])
def test_good_frames_are_kept_and_a_bad_one_is_given_back(db: Bulk, keeper: Keeper, bad: bytes) -> None:
    frames = [(CLOSED, encode_frame(closed("run_1"))), (CLOSED, bad), (CLOSED, encode_frame(closed("run_2")))]

    assert keep_frames(db, keeper, frames, Position(1, 9)) == [bad]
    assert ids(db) == ["run_1", "run_2"]


def test_frames_that_were_kept_before_are_kept_once(db: Bulk, keeper: Keeper) -> None:
    frames = [(CLOSED, encode_frame(closed("run_1")))]
    for at in (1, 2):
        assert keep_frames(db, keeper, frames, Position(1, at)) == []

    assert ids(db) == ["run_1"]


def test_a_database_that_can_not_be_reached_is_asked_again_and_nothing_is_lost(
    database_url: str, db: Bulk, keeper: Keeper, spool: Spool
) -> None:
    tries, told = list[int](), threading.Event()

    def connect() -> Bulk:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("nobody there")
        return open_bulk(database_url)

    drain = Drain(
        spool,
        keeper,
        connect,
        [],
        Terms(0.01, dict, lambda: told.set() if drain.reached == spool.end else None),
    )
    spool.append(CLOSED, encode_frame(closed("run_1")))
    drain.start()
    assert told.wait(20)
    assert drain.stop(5)

    assert ids(db) == ["run_1"]
    assert (drain.state.failures, drain.state.failures_total, len(tries)) == (0, 2, 3)
    assert drain.state.last_error == "OSError: nobody there"


def test_stopping_drains_what_is_there(database_url: str, db: Bulk, keeper: Keeper, spool: Spool) -> None:
    drain = Drain(spool, keeper, lambda: open_bulk(database_url), [], Terms(3600, dict, lambda: None))
    drain.start()
    for number in range(5):
        spool.append(CLOSED, encode_frame(closed(f"run_{number}")))

    assert drain.stop(10)
    assert len(ids(db)) == 5
