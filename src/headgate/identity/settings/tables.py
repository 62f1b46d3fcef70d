"""Settings that were set. What is not here has its default."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

settings = sa.Table(
    "settings", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),  # JSON; a secret is encrypted inside it
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)  # fmt: skip
