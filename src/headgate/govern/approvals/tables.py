"""Approvals and the votes on them. Rows are made by the drain, from the run that was refused."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

approvals = sa.Table(
    "approvals", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),  # pending | approved | rejected | used
    sa.Column("digest", sa.LargeBinary, nullable=False),  # of everything the approval is bound to
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger, nullable=False),  # of the wish; once approved, of the exception
    sa.Column("decided_us", sa.BigInteger, nullable=True),
    sa.Column("run_id", sa.Text, nullable=False), sa.Column("used_run", sa.Text, nullable=False),
    sa.Column("requester", sa.Text, nullable=False), sa.Column("agent", sa.Text, nullable=False),
    sa.Column("app", sa.Text, nullable=False), sa.Column("action", sa.Text, nullable=False),
    sa.Column("tool", sa.Text, nullable=False), sa.Column("policy", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False), sa.Column("needed", sa.Integer, nullable=False),
    sa.Column("requester_may_decide", sa.Boolean, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # JSON: what the people who decide have to see
    sa.Index("ix_approvals_tenant_status_asked_us", "tenant", "status", "asked_us"),
)  # fmt: skip

approval_votes = sa.Table(
    "approval_votes", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("approval_id", sa.Text, primary_key=True),
    sa.Column("voter", sa.Text, primary_key=True),
    sa.Column("vote", sa.Text, nullable=False), sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)  # fmt: skip
