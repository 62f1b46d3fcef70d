"""The first schema.

Safe while the old version runs: there is no older version.
"""

from __future__ import annotations

from alembic import op

from headgate.store.engine import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    if not metadata.info.get("complete"):
        raise RuntimeError(
            "Call headgate.schema.all_tables() before a new database is made, or tables will be missing."
        )
    metadata.create_all(op.get_bind())
