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
