"""Policies made through the API. Those in files have no rows."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

policies = sa.Table(
    "policies", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # action | content
    sa.Column("document", sa.Text, nullable=False),  # JSON of schemas.Policy, or of schemas.ContentPolicy
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),  # goes up at every change
    sa.Column("created_us", sa.BigInteger, nullable=False), sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.Index("uq_policies_tenant_name", "tenant", "name", unique=True),
)  # fmt: skip
