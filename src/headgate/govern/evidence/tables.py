"""Evidence packs, of which the ledger holds the contents, and replays of runs."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

evidence_packs = sa.Table(
    "evidence_packs", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False), sa.Column("description", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False), sa.Column("to_us", sa.BigInteger, nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False), sa.Column("last_seq", sa.BigInteger, nullable=False),  # 0: none
    sa.Column("event_count", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),  # over the canonical JSON of the pack
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Index("ix_evidence_packs_tenant_created_us", "tenant", "created_us"),
)  # fmt: skip

trust_replays = sa.Table(
    "trust_replays", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),  # that is replayed
    sa.Column("provider", sa.Text, nullable=False), sa.Column("model", sa.Text, nullable=False),  # "": as it was
    sa.Column("input", sa.Text, nullable=True),  # JSON: asked instead of what the run asked
    sa.Column("caller", sa.Text, nullable=False),  # JSON: in whose name
    sa.Column("status", sa.Text, nullable=False),  # queued | running | completed | failed
    sa.Column("score", sa.Float, nullable=True),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("answer_run", sa.Text, nullable=False),  # the run that the replay made
    sa.Column("result", sa.Text, nullable=False),  # JSON: what differs, which effects were suppressed
    sa.Column("error", sa.Text, nullable=False), sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False), sa.Column("finished_us", sa.BigInteger, nullable=True),
    sa.Index("ix_trust_replays_tenant_created_us", "tenant", "created_us"),
)  # fmt: skip
