"""Secrets and personal data taken out of what leaves as evidence, wherever in it they stand."""

from __future__ import annotations

from typing import Any, cast

from headgate.govern.guardrails.hot import Wanted, redact_json
from headgate.kernel import json

PERSONAL = Wanted()


def redacted(value: Any) -> Any:
    """JSON with every secret and every piece of personal data in its texts replaced by `[redacted:kind]`."""
    body, _ = redact_json(json.encode(value))
    return _without_personal(json.decode(body))


def _without_personal(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_without_personal(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {_text(name): _without_personal(each) for name, each in fields.items()}
    return value


def _text(text: str) -> str:
    parts: list[str] = []
    last = 0
    for each in PERSONAL.find(text):
        parts += (text[last : each.start], f"[redacted:{each.kind}]")
        last = each.end
    return "".join([*parts, text[last:]])
