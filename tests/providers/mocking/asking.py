"""Requests to the mock for its tests."""

from __future__ import annotations

import json
from typing import Any

from headgate.providers.mocking.request import Request, read

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}
TIME: dict[str, Any] = {"type": "function", "function": {"name": "lookupTime"}}


def ask(text: str = "What is the weather in Paris?", **fields: Any) -> Request:
    body: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return read(json.dumps(body | fields).encode())
