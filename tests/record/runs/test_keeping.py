"""Keeping a batch: repeated frames make no second row, bodies go by subject, and the ledger vouches for the batch."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from headgate.call.frames import Event, Feedback, Late, encode_frame
from headgate.kernel.ids import Ids
from headgate.record.runs.keeping import CLOSED, GROUP_BYTES, OPENED, Batch, Keeper, Repeated
from headgate.record.runs.payloads import Vault
from headgate.store.bulk import Bulk, open_bulk
from headgate.store.spool.spool import Position
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed, opened


@pytest.fixture
def db(database_url: str) -> Iterator[Bulk]:
    bulk = open_bulk(database_url)
    yield bulk
    bulk.close()


@pytest.fixture
def keeper(clock: FixedClock) -> Keeper:
    return Keeper("spool-0", Vault(b"k" * 32), clock, Ids(clock))


def keep(db: Bulk, keeper: Keeper, batch: Batch, at: int = 1, *, repeated: bool = False) -> None:
    with db.transaction():
        keeper.keep(db, batch, Position(1, at), repeated=repeated)


def count(db: Bulk, table: str, where: str = "1 = 1") -> int:
    return db.run(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]


def test_a_batch_is_made_of_its_frames_without_the_beginnings() -> None:
    late, rated = (
        Late("run_1", "ten_a", Event(1, "a", {})),
        Feedback("fb", "run_1", "ten_a", 1, "rating", 1, None, "", ""),
    )
    frames = [(OPENED, encode_frame(opened("run_1"))), (CLOSED, encode_frame(closed("run_1")))]

    batch = Batch.of([*frames, (3, encode_frame(late)), (4, encode_frame(rated))])

    assert ([run.run_id for run in batch.runs], batch.late, batch.feedback) == (["run_1"], [late], [rated])


def test_runs_that_are_there_already_are_told_and_then_left_out(db: Bulk, keeper: Keeper) -> None:
    keep(db, keeper, Batch(runs=[closed("run_1")]))
    both = Batch(runs=[closed("run_1"), closed("run_2"), closed("run_2")])
    with pytest.raises(Repeated):
        keep(db, keeper, both)
    keep(db, keeper, both, repeated=True)

    assert db.run("SELECT id FROM runs ORDER BY seq") == [("run_1",), ("run_2",)]
    assert db.run("SELECT sum(runs) FROM spend_hours")[0][0] == 2


def test_what_failed_leaves_nothing_of_its_batch(db: Bulk, keeper: Keeper) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        keeper.keep(db, Batch(runs=[closed("run_1")]), Position(1, 1))
        raise ZeroDivisionError
    keeper.forget()
    keep(db, keeper, Batch(runs=[closed("run_2")]))

    assert [count(db, table) for table in ("runs", "run_events", "payloads", "subject_keys")] == [1] * 4


def test_bodies_are_kept_by_subject_and_each_has_its_key(db: Bulk, keeper: Keeper) -> None:
    keep(
        db, keeper, Batch(runs=[closed(f"run_{n}", subject=who) for n, who in enumerate(["a", "b", "a", ""])])
    )

    assert sorted(db.run("SELECT subject, runs FROM payloads")) == [("", 1), ("a", 2), ("b", 1)]
    assert count(db, "subject_keys") == 3


def test_a_subject_whose_key_was_destroyed_gets_a_new_one(db: Bulk, keeper: Keeper) -> None:
    keep(db, keeper, Batch(runs=[closed("run_1", subject="a")]))
    with db.transaction():
        db.run("UPDATE subject_keys SET wrapped = NULL")
    keep(db, keeper, Batch(runs=[closed("run_2", subject="a")]))

    assert count(db, "subject_keys") == 2
    assert len({row[0] for row in db.run("SELECT key_id FROM payloads")}) == 2


def test_large_bodies_are_kept_in_groups_that_one_need_not_unpack_whole(db: Bulk, keeper: Keeper) -> None:
    half = os.urandom(GROUP_BYTES * 2 // 3)
    keep(db, keeper, Batch(runs=[closed(f"run_{n}", request=half, response=b"") for n in range(3)]))

    assert db.run("SELECT runs FROM payloads") == [(1,)] * 3


def test_a_run_without_bodies_has_no_payload(db: Bulk, keeper: Keeper) -> None:
    keep(db, keeper, Batch(runs=[closed("run_1", request=b"", response=b"", same_as="run_0")]))

    assert (count(db, "payloads"), count(db, "runs", "payload IS NULL")) == (0, 1)


def test_the_ledger_of_each_tenant_vouches_for_its_runs(db: Bulk, keeper: Keeper) -> None:
    keep(db, keeper, Batch(runs=[closed("run_1"), closed("run_2", tenant="ten_b"), closed("run_3")]))

    acts = db.run("SELECT tenant, seq, detail FROM ledger ORDER BY tenant")
    assert [(tenant, seq) for tenant, seq, _ in acts] == [("ten_b", 1), ("ten_default", 1)]
    assert '"runs":2' in acts[1][2]


def test_a_call_whose_segment_goes_is_carried_until_it_ends(db: Bulk, keeper: Keeper) -> None:
    with db.transaction():
        keeper.carry(db, [opened("run_1"), opened("run_2")])
    keep(db, keeper, Batch(runs=[closed("run_1")]))

    assert db.run("SELECT run_id FROM open_runs") == [("run_2",)]


def test_a_damaged_subject_key_does_not_stop_the_drain(db: Bulk, clock: FixedClock) -> None:
    """The subject gets a new key; what the old one sealed stays damaged, and is told of in the log."""
    ids, vault = Ids(clock), Vault(b"k" * 32)
    keep(db, Keeper("spool-0", vault, clock, ids), Batch.of([(CLOSED, encode_frame(closed("run_1")))]), 1)
    with db.transaction():
        db.run("UPDATE subject_keys SET wrapped = ? WHERE 1 = 1", [b"\x00" * 60])
    clock.advance(1)

    keep(db, Keeper("spool-0", vault, clock, ids), Batch.of([(CLOSED, encode_frame(closed("run_2")))]), 2)
    keep(db, Keeper("spool-0", vault, clock, ids), Batch.of([(CLOSED, encode_frame(closed("run_3")))]), 3)

    assert count(db, "runs") == 3
    assert count(db, "subject_keys") == 2
