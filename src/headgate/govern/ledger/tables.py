"""The ledger's rows and the head of each tenant's chain. Rows wait without number until the drain gives them one."""

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

ledger_heads = sa.Table(
    "ledger_heads", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False), sa.Column("hash", sa.LargeBinary, nullable=False),
)  # fmt: skip
