"""Providers that tenants added while the gateway runs. Their keys are sealed."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

custom_providers = sa.Table(
    "custom_providers",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("family", sa.String(16), nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("sealed_key", sa.LargeBinary),  # null: it needs none
    sa.Column("models", sa.Text, nullable=False),  # JSON: names that are its own, or their beginnings and `*`
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)
