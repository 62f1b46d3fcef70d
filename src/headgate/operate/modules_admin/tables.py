"""What tenants say of their modules: one row for each change, the one with the highest version holds."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

module_settings = sa.Table(
    "module_settings",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("enabled", sa.Boolean),  # null: as the server says
    sa.Column("config", sa.Text),  # JSON of the fields the tenant named; null: as the server says
    sa.Column("restores", sa.BigInteger),  # an undo: the version whose state this is; 0 is the server's own
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.String(64), nullable=False),
)
