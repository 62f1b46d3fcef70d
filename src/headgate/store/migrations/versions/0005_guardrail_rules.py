"""Rules of guardrails and their events.

Safe while the old version runs: it only adds.
"""

from __future__ import annotations

revision = "0005"
down_revision = "0004"


def upgrade() -> None: ...
