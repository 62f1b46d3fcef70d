"""Anthropic's envelope of errors."""

from __future__ import annotations

from headgate.kernel.errors import anthropic_kind
from headgate.wire.neutral import Fields


def error_fields(status: int, message: str, kind: str = "") -> Fields:
    """`{"type": "error", "error": {"type", "message"}}`; the type follows from the status."""
    return {"type": "error", "error": {"type": kind or anthropic_kind(status), "message": message}}
