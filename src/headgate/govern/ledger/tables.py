"""The ledger's rows, the head of each tenant's chain, the tiles of its tree and its signed checkpoints.

Rows wait without number until the drain gives them one.
"""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

ledger = sa.Table(
    "ledger", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=True),  # from 1; None until it is sequenced
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False), sa.Column("actor", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False), sa.Column("decision", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # canonical JSON
    sa.Column("hash", sa.LargeBinary, nullable=True),
    sa.Index("uq_ledger_tenant_seq", "tenant", "seq", unique=True),
)  # fmt: skip

_waits = ledger.c.seq.is_(None)
sa.Index("ix_ledger_waiting", ledger.c.at_us, sqlite_where=_waits, postgresql_where=_waits)
for _named in (ledger.c.run_id, ledger.c.target):  # what belongs to a run, an approval, a policy
    _has = _named != sa.literal_column("''")
    sa.Index(
        f"ix_ledger_tenant_{_named.name}", ledger.c.tenant, _named, sqlite_where=_has, postgresql_where=_has
    )

ledger_heads = sa.Table(
    "ledger_heads", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False), sa.Column("hash", sa.LargeBinary, nullable=False),
)  # fmt: skip

ledger_tiles = sa.Table(
    "ledger_tiles", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True),  # from 1: level 0 is the rows themselves
    sa.Column("place", sa.BigInteger, primary_key=True),
    sa.Column("hashes", sa.LargeBinary, nullable=False),  # up to 256 of 32 bytes
)  # fmt: skip

ledger_checkpoints = sa.Table(
    "ledger_checkpoints", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, primary_key=True),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)  # fmt: skip

ledger_checks = sa.Table(  # what the last verification of each tenant's chain came to
    "ledger_checks", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("valid", sa.Boolean, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)  # fmt: skip
