"""One table for the keys of every kind."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column(
        "hash", sa.LargeBinary(32), nullable=False, unique=True
    ),  # HMAC-SHA256 of the token under the pepper
    sa.Column(
        "prefix", sa.String(32), nullable=False
    ),  # kind prefix and four characters, to be recognised by
    sa.Column("kind", sa.String(16), nullable=False),  # pk | sy | sy_admin | po_live
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("user_id", sa.String(64)),
    sa.Column("rights", sa.Text, nullable=False),  # `area:verb` words with blanks between them
    sa.Column("mode", sa.String(16), nullable=False),  # observe | optimize
    sa.Column("app_pin", sa.String(120)),
    sa.Column("environment", sa.String(16)),  # dev | staging | production
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.String(64)),  # the key or user that made it
    sa.Column("last_used_us", sa.BigInteger),  # written once in a while, not at each call
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("revoked_us", sa.BigInteger),
    sa.Index("ix_api_keys_tenant_id", "tenant", "id"),
)
