"""The `jobs` table: the truth about every piece of background work. DBOS only knows the steps of durable ones."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),  # "" = the system's own work
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("engine", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("run_at_us", sa.BigInteger, nullable=False),
    sa.Column("lease_until_us", sa.BigInteger, nullable=False, default=0),
    sa.Column("lease_owner", sa.String(64), nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("dedupe_key", sa.String(128)),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("progress", sa.JSON),
    sa.Column("result", sa.JSON),
    sa.Column("error", sa.Text),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.Column("finished_us", sa.BigInteger),
    sa.Index("uq_jobs_dedupe", "tenant", "kind", "dedupe_key", unique=True),
    sa.Index("ix_jobs_state_run_at", "state", "run_at_us"),
    sa.Index("ix_jobs_state_lease_until", "state", "lease_until_us"),
    sa.Index("ix_jobs_tenant_created", "tenant", "created_us"),
)
