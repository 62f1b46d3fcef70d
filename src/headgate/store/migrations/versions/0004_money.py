"""Caps, what each payer spent by day, and price books. What was spent before is counted from the runs that are there.

Safe while the old version runs: it only adds.
"""

# fmt: off
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

DAY_US = 86_400_000_000
SUMS = (
    f"at_us / {DAY_US}, COUNT(*), CAST(SUM(CASE WHEN route = 'ingest' THEN 0 ELSE COALESCE(cost_pico, 0) END) AS BIGINT), "
    "SUM(CASE WHEN price_known THEN 0 ELSE 1 END), CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT)"
)


def upgrade() -> None:
    _spend()
    _prices()
    _count_old_runs()


def _spend() -> None:
    op.create_table("spend_days",
        sa.Column("tenant", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("cost_pico", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "scope", "name", "day", name="pk_spend_days"),
        sqlite_with_rowid=False
    )
    op.create_table("spend_caps",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("daily_usd", sa.Text(), nullable=False),
        sa.Column("monthly_usd", sa.Text(), nullable=False),
        sa.Column("soft", sa.Boolean(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "scope", "name", name="pk_spend_caps")
    )
    op.create_table("cap_alerts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cap_usd", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "scope", "name", "period", "number", "cap_usd", "level", name="pk_cap_alerts")
    )


def _prices() -> None:
    op.create_table("price_rows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("effective_us", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_price_rows")
    )
    op.create_table("price_corrections",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("cost_pico", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run_id", name="pk_price_corrections")
    )


def _count_old_runs() -> None:
    for scope, column in (("project", "project"), ("session", "session"), ("key", "key_id")):
        op.execute(
            f"INSERT INTO spend_days SELECT tenant, '{scope}', {column}, {SUMS} FROM runs WHERE {column} <> '' "
            f"GROUP BY tenant, {column}, at_us / {DAY_US}"
        )
