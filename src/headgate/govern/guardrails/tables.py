"""Rules of guardrails, what they found, and how often: events are bounded, sums are not lost."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

guardrail_rules = sa.Table(
    "guardrail_rules",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("type", sa.String(16), nullable=False),  # pii | injection | toxic | custom
    sa.Column("pattern", sa.Text, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),  # block | redact | warn | log
    sa.Column("direction", sa.String(16), nullable=False),  # input | output | both
    sa.Column("project", sa.String(120), nullable=False),  # `*` for all
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant", "name", name="uq_guardrail_rules_tenant_name"),
)

guardrail_events = sa.Table(
    "guardrail_events",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("rule_name", sa.String(120), nullable=False),
    sa.Column("rule_type", sa.String(16), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("direction", sa.String(16), nullable=False),  # request | response
    sa.Column("project", sa.String(120), nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("match_text", sa.Text, nullable=False),  # at most 200 characters; masked where it is personal
    sa.Column("matches", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Index("ix_guardrail_events_tenant_id", "tenant", "id"),
)

guardrail_stats = sa.Table(
    "guardrail_stats",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("rule_name", sa.String(120), primary_key=True),
    sa.Column("action", sa.String(16), primary_key=True),
    sa.Column("hits", sa.BigInteger, nullable=False),  # calls, each once a direction
    sa.Column("since_us", sa.BigInteger, nullable=False),
)
