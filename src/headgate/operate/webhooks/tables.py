"""The outbox: events in the order in which they were announced. Deliveries are made from here."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

outbox = sa.Table(
    "outbox", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON
    sa.Index("ix_outbox_tenant_id", "tenant", "id"),
)  # fmt: skip
