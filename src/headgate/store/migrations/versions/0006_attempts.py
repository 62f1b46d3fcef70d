"""Attempts of a call, and keys of repeats.

Safe while the old version runs: it only adds.
"""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None: ...
