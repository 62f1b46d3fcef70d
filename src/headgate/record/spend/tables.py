"""Sums of runs per hour and kind of run: what savings and charts are read from, whatever the number of runs."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

KEY: tuple[str, ...] = ("tenant", "hour_us", "app", "project", "model", "provider", "route", "status", "mode")
SUMS: tuple[str, ...] = (
    "runs", "cost_pico", "unpriced", "saved_pico", "saved_ms", "ghost_saved_pico", "prompt_tokens", "completion_tokens",
    "latency_us", "web_tokens_saved",
)  # fmt: skip

spend_hours = sa.Table(
    "spend_hours", metadata,
    *(sa.Column(name, sa.BigInteger if name == "hour_us" else sa.Text, primary_key=True, autoincrement=False) for name in KEY),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMS),
    sqlite_with_rowid=False,
)  # fmt: skip

DAY_KEY: tuple[str, ...] = ("tenant", "scope", "name", "day")
DAY_SUMS: tuple[str, ...] = ("runs", "cost_pico", "unpriced", "prompt_tokens", "completion_tokens")

spend_days = sa.Table(  # what each payer spent on each day (UTC, days since the epoch): what caps and bills are counted by
    "spend_days", metadata,
    *(sa.Column(name, sa.BigInteger if name == "day" else sa.Text, primary_key=True, autoincrement=False) for name in DAY_KEY),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in DAY_SUMS),
    sqlite_with_rowid=False,
)  # fmt: skip

spend_caps = sa.Table(
    "spend_caps", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),  # tenant | project | user | key | tag | session
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("daily_usd", sa.Text, nullable=False),  # decimal dollars: ten millions are more than 64 bits of pico-dollars
    sa.Column("monthly_usd", sa.Text, nullable=False),
    sa.Column("soft", sa.Boolean, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
)  # fmt: skip

cap_alerts = sa.Table(  # what was announced of a cap, so that it is announced once
    "cap_alerts", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),  # daily | monthly
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # days or months since the epoch
    sa.Column("cap_usd", sa.Text, primary_key=True),
    sa.Column("level", sa.BigInteger, primary_key=True, autoincrement=False),  # per cent; 1000 is a refusal
    sa.Column("at_us", sa.BigInteger, nullable=False),
)  # fmt: skip

price_rows = sa.Table(  # the operator's prices, each from a date on; a row is never changed, only followed
    "price_rows", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),  # "" is every one
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("effective_us", sa.BigInteger, nullable=False),
    sa.Column("price", sa.Text, nullable=False),  # JSON, dollars per million tokens
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("withdrawn_us", sa.BigInteger),
)  # fmt: skip

price_corrections = sa.Table(  # what a run cost by prices that were learnt later; the run itself stays as it was recorded
    "price_corrections", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("cost_pico", sa.BigInteger, nullable=False),  # what counts now
    sa.Column("at_us", sa.BigInteger, nullable=False),
)  # fmt: skip
