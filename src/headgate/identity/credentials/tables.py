"""Credentials. The secret is sealed for its row."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

credentials = sa.Table(
    "credentials", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False), sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False), sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.Index("uq_credentials_tenant_name", "tenant", "name", unique=True),
)  # fmt: skip
