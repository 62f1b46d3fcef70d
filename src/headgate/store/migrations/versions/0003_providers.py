"""Providers that were added at run time.

Safe while the old version runs: it only adds.
"""

from __future__ import annotations

revision = "0003"
down_revision = "0002"


def upgrade() -> None: ...
