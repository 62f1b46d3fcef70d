"""Kept responses of the Responses wire.

Safe while the old version runs: it only adds.
"""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None: ...
