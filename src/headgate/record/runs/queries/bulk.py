"""What the drain says to the database. Blocking; always inside one transaction of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.record.runs.tables import late_events, open_runs
from headgate.store.bulk import Bulk
from headgate.store.spool.spool import Position

IN_AT_ONCE = 200


def marks(count: int) -> str:
    return ",".join("?" * count)


def take_numbers(db: Bulk, name: str, count: int) -> int:
    """The first of `count` numbers of the counter `name` that nobody else gets."""
    statement = (
        "INSERT INTO counters (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value"
    )
    return int(db.run(statement, (name, count))[0][0]) - count + 1


def position_of(db: Bulk, spool: str) -> Position | None:
    rows = db.run("SELECT segment, place FROM spool_positions WHERE spool = ?", (spool,))
    return Position(*rows[0]) if rows else None


def set_position(db: Bulk, spool: str, position: Position) -> None:
    statement = (
        "INSERT INTO spool_positions (spool, segment, place) VALUES (?, ?, ?) "
        "ON CONFLICT (spool) DO UPDATE SET segment = excluded.segment, place = excluded.place"
    )
    db.run(statement, (spool, *position))


def known_runs(db: Bulk, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (tenant, run) are in the database already."""
    known: set[tuple[str, str]] = set()
    for at in range(0, len(keys), IN_AT_ONCE):
        part = keys[at : at + IN_AT_ONCE]
        pairs = " OR ".join(["(tenant = ? AND id = ?)"] * len(part))
        known.update(
            (str(row[0]), str(row[1]))
            for row in db.run(
                f"SELECT tenant, id FROM runs WHERE {pairs}", [value for key in part for value in key]
            )
        )
    return known


class RunHead(NamedTuple):
    """Where the chain of a run ends that is in the database."""

    seq: int
    head: bytes
    events: int


def run_head(db: Bulk, tenant: str, run_id: str) -> RunHead | None:
    rows = db.run("SELECT seq, head, event_count FROM runs WHERE tenant = ? AND id = ?", (tenant, run_id))
    return RunHead(rows[0][0], bytes(rows[0][1]), rows[0][2]) if rows else None


def late_of(db: Bulk, tenant: str, run_id: str) -> list[tuple[int, bytes, bytes]]:
    """The late events of a run in order: number, chain, frame."""
    statement = "SELECT number, chain, frame FROM late_events WHERE tenant = ? AND run_id = ? ORDER BY number"
    return [(row[0], bytes(row[1]), bytes(row[2])) for row in db.run(statement, (tenant, run_id))]


def add_late(db: Bulk, row: tuple[str, str, int, bytes, bytes]) -> bool:
    """False when another gateway took this number meanwhile."""
    return db.insert(late_events, [row]) == 1


def chain_late(db: Bulk, tenant: str, run_id: str, number: int, chain: bytes) -> None:
    """Give a late event that came before its run its place in the chain."""
    db.run(
        "UPDATE late_events SET chain = ? WHERE tenant = ? AND run_id = ? AND number = ?",
        (chain, tenant, run_id, number),
    )


def unchained_runs(db: Bulk) -> set[tuple[str, str]]:
    """Runs with late events that wait for the run itself."""
    statement = "SELECT DISTINCT tenant, run_id FROM late_events WHERE length(chain) = 0"
    return {(str(row[0]), str(row[1])) for row in db.run(statement)}


def carry_open(db: Bulk, spool: str, frames: Sequence[tuple[str, bytes]]) -> None:
    """Keep the beginnings of calls whose segment goes away."""
    db.insert(open_runs, [(run_id, spool, frame) for run_id, frame in frames])


def carried(db: Bulk, spool: str) -> dict[str, bytes]:
    return {
        str(row[0]): bytes(row[1])
        for row in db.run("SELECT run_id, frame FROM open_runs WHERE spool = ?", (spool,))
    }


def drop_carried(db: Bulk, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        db.run("DELETE FROM open_runs WHERE run_id = ?", (run_id,))


def live_keys(db: Bulk, subjects: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, bytes]]:
    """The newest undestroyed key of each of these (tenant, subject): key id and wrapped key."""
    found: dict[tuple[str, str], tuple[str, bytes]] = {}
    for at in range(0, len(subjects), IN_AT_ONCE):
        part = subjects[at : at + IN_AT_ONCE]
        pairs = " OR ".join(["(tenant = ? AND subject = ?)"] * len(part))
        statement = (
            "SELECT tenant, subject, key_id, wrapped FROM subject_keys "
            f"WHERE ({pairs}) AND wrapped IS NOT NULL ORDER BY created_us"
        )
        for row in db.run(statement, [value for key in part for value in key]):
            found[str(row[0]), str(row[1])] = (str(row[2]), bytes(row[3]))
    return found
