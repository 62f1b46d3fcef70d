"""What somebody with the database file could do to a ledger, each by a name. They know the format as well as we do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.govern.ledger import rows

AT = 150  # which row is tampered with
CUT = 220  # after which row the chain is cut
TENANT = "ten_default"
COLUMNS = "id, tenant, seq, at_us, kind, actor, target, decision, run_id, detail, hash"
Deed = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, slots=True)
class Tampering:
    """`first_bad`: the numbers of which verifying may name any. `offline`: an export alone gives it away."""

    deed: Deed
    first_bad: range
    offline: bool = True


def flip(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger SET actor = 'nobody' WHERE tenant = ? AND seq = ?", (TENANT, AT))


def flip_hash(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger SET hash = zeroblob(32) WHERE tenant = ? AND seq = ?", (TENANT, AT))


def drop(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM ledger WHERE tenant = ? AND seq = ?", (TENANT, AT))


def insert(db: sqlite3.Connection) -> None:
    """A row of one's own between two others; those behind it move up."""
    _move(db, AT, 1)
    row = list(_row(db, AT))
    row[0], row[2], row[5] = "led_made_up", AT + 1, "nobody"
    db.execute(f"INSERT INTO ledger ({COLUMNS}) VALUES ({','.join('?' * 11)})", row)


def reorder(db: sqlite3.Connection) -> None:
    """Two neighbours change places."""
    for old, new in ((AT, -1), (AT + 1, AT), (-1, AT + 1)):
        db.execute("UPDATE ledger SET seq = ? WHERE tenant = ? AND seq = ?", (new, TENANT, old))


def truncate(db: sqlite3.Connection) -> None:
    """The newest rows go, and the head is set to what is left."""
    db.execute("DELETE FROM ledger WHERE tenant = ? AND seq > ?", (TENANT, CUT))
    _set_head(db, CUT, _row(db, CUT)[10])


def truncate_all(db: sqlite3.Connection) -> None:
    """The same, with every checkpoint of the database that knew of them."""
    truncate(db)
    db.execute("DELETE FROM ledger_checkpoints WHERE tenant = ? AND size > ?", (TENANT, CUT))


def rebuild(db: sqlite3.Connection) -> None:
    """One row is changed, and the chain made anew from there, head included."""
    flip(db)
    digest = _row(db, AT - 1)[10]
    found = db.execute(
        f"SELECT {COLUMNS} FROM ledger WHERE tenant = ? AND seq >= ? ORDER BY seq", (TENANT, AT)
    ).fetchall()
    for row in found:
        digest = rows.chain_hash(digest, rows.fields_of(row, row[2]))
        db.execute("UPDATE ledger SET hash = ? WHERE id = ?", (digest, row[0]))
    _set_head(db, found[-1][2], digest)


def rebuild_all(db: sqlite3.Connection) -> None:
    """The same, with every checkpoint of the database that would tell."""
    rebuild(db)
    db.execute("DELETE FROM ledger_checkpoints WHERE tenant = ? AND size >= ?", (TENANT, AT))


def _row(db: sqlite3.Connection, seq: int) -> tuple[Any, ...]:
    return db.execute(f"SELECT {COLUMNS} FROM ledger WHERE tenant = ? AND seq = ?", (TENANT, seq)).fetchone()


def _move(db: sqlite3.Connection, after: int, by: int) -> None:
    """Numbers behind `after` change; over negative ones, because a number is given once."""
    db.execute("UPDATE ledger SET seq = -(seq + ?) WHERE tenant = ? AND seq > ?", (by, TENANT, after))
    db.execute("UPDATE ledger SET seq = -seq WHERE tenant = ? AND seq < 0", (TENANT,))


def _set_head(db: sqlite3.Connection, seq: object, digest: object) -> None:
    db.execute("UPDATE ledger_heads SET seq = ?, hash = ? WHERE tenant = ?", (seq, digest, TENANT))


DEEDS = {
    "flip": Tampering(flip, range(AT, AT + 1)),
    "flip a hash": Tampering(flip_hash, range(AT, AT + 1)),
    "drop": Tampering(drop, range(AT, AT + 2)),
    "insert": Tampering(insert, range(AT + 1, AT + 2)),
    "reorder": Tampering(reorder, range(AT, AT + 1)),
    "truncate": Tampering(truncate, range(CUT + 1, CUT + 2)),
    # with nothing but an export, what was cut off with its checkpoints is not there to be missed: the anchor file has them
    "truncate with checkpoints": Tampering(truncate_all, range(CUT + 1, CUT + 2), offline=False),
    "rebuild": Tampering(rebuild, range(1, AT + 1)),
    "rebuild with checkpoints": Tampering(rebuild_all, range(1, AT + 1), offline=False),
}


def tamper(database: Path, deed: Deed) -> None:
    with closing(sqlite3.connect(database)) as db, db:
        deed(db)
