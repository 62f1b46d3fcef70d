"""Agents. A row is made by the drain when an agent is first seen."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

agents = sa.Table(
    "agents", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("name", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),  # JSON array
    sa.Column("own_tier", sa.Text, nullable=False),  # set by an operator; empty: by score
    sa.Column("score_milli", sa.Integer, nullable=False),  # thousandths
    sa.Column("parts", sa.Text, nullable=False),  # JSON: what the score is made of
    sa.Column("first_us", sa.BigInteger, nullable=False), sa.Column("last_us", sa.BigInteger, nullable=False),
    sa.Index("uq_agents_tenant_id", "tenant", "id", unique=True),
)  # fmt: skip
