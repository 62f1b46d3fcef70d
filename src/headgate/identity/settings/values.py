"""Which settings there are, what each may be, and what it is when nobody said anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

DEFAULT_THRESHOLD = 3
MAX_TEXT = 2000


class BadSetting(ValueError):
    """The value does not fit; the message says what would."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One setting. `read` turns what was given into what is kept, or raises BadSetting."""

    default: Any
    sentence: str
    read: Callable[[Any], Any]
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Quarantine:
    """`memory_quarantine`: actions of at least `threshold` wait for approval once untrusted content had influence."""

    enabled: bool = False
    threshold: int = DEFAULT_THRESHOLD


def quarantine_of(value: Any) -> Quarantine:
    """From the kept value."""
    if not isinstance(value, dict):
        return Quarantine()
    fields = cast("dict[str, Any]", value)
    return Quarantine(fields["enabled"], fields["threshold"])


def _positive(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1_000_000:
        raise BadSetting("a number above 0, at most 1,000,000")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadSetting("true or false")
    return value


def _text_or_null(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT):
        raise BadSetting(f"a text of at most {MAX_TEXT} characters, or null")
    return value


def _url_or_null(value: Any) -> str | None:
    text = _text_or_null(value)
    if text is not None:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadSetting("an http(s) address, or null")
    return text


def _quarantine(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"enabled": value, "threshold": DEFAULT_THRESHOLD}
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {"?": value}
    if not set(fields) <= {"enabled", "threshold"}:
        raise BadSetting('true, false, or {"enabled": ..., "threshold": 0 to 4}')
    threshold = fields.get("threshold", DEFAULT_THRESHOLD)
    if isinstance(threshold, bool) or not isinstance(threshold, int) or not 0 <= threshold <= 4:
        raise BadSetting('"threshold" is a level from 0 to 4')
    return {"enabled": _flag(fields.get("enabled", True)), "threshold": threshold}


KINDS: Mapping[str, Kind] = MappingProxyType({
    "retention_days": Kind(None, "How many days payloads are kept; null: as long as the server says.",
                           lambda value: None if value is None else _positive(value)),
    "redaction": Kind(False, "Take secrets and personal data out of everything that is kept.", _flag),
    "webhook_url": Kind(None, "A public address that gets every event; null: none.", _url_or_null),
    "webhook_secret": Kind(None, "What these events are signed with.", _text_or_null, is_secret=True),
    "approval_exception_ttl_hours": Kind(24, "How long an approved action may be done.", _positive),
    "canary_enabled": Kind(True, "May learned answers be tried on a share of the traffic.", _flag),
    "memory_quarantine": Kind(
        {"enabled": False, "threshold": DEFAULT_THRESHOLD},
        "After untrusted content had influence on a run, its actions of this level or above wait for approval.", _quarantine),
})  # fmt: skip
