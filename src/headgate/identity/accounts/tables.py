"""Tenants, users, and which user belongs to which tenant in which role."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("email", sa.String(320), unique=True),  # lower case; NULL for the default user of open mode
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("user_id", sa.String(64), sa.ForeignKey("users.id"), primary_key=True, index=True),
    sa.Column("role", sa.String(16), nullable=False),  # owner | admin | developer | viewer
    sa.Column("created_us", sa.BigInteger, nullable=False),
)
