"""Evidence packs, replays, stored credentials, the outcome of verifications; indexes for what belongs to a run.

Safe while the old version runs: it only adds.
"""

# fmt: off
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    _evidence()
    _secrets_and_checks()
    _indexes()


def _evidence() -> None:
    op.create_table(
        "evidence_packs",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_evidence_packs"),
    )
    op.create_index("ix_evidence_packs_tenant_created_us", "evidence_packs", ["tenant", "created_us"])
    op.create_table(
        "trust_replays",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("answer_run", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_trust_replays"),
    )
    op.create_index("ix_trust_replays_tenant_created_us", "trust_replays", ["tenant", "created_us"])


def _secrets_and_checks() -> None:
    op.create_table(
        "credentials",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_credentials"),
    )
    op.create_index("uq_credentials_tenant_name", "credentials", ["tenant", "name"], unique=True)
    op.create_table(
        "ledger_checks",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_ledger_checks"),
    )


def _indexes() -> None:
    op.create_index(
        "ix_ledger_tenant_run_id", "ledger", ["tenant", "run_id"],
        sqlite_where=sa.text("run_id <> ''"), postgresql_where=sa.text("run_id <> ''"),
    )
    op.create_index(
        "ix_ledger_tenant_target", "ledger", ["tenant", "target"],
        sqlite_where=sa.text("target <> ''"), postgresql_where=sa.text("target <> ''"),
    )
    op.create_index("ix_feedback_tenant_at_us", "feedback", ["tenant", "at_us"])
