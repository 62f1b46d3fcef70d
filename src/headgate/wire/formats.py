"""The form an answer was asked to have: the JSON Schema in a request, whatever its wire, and JSON inside code fences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, cast

from headgate.call.call import Call
from headgate.wire.texts import read_request

_FENCED = re.compile(r"\s*```[a-zA-Z0-9_-]*[ \t]*\r?\n(.*?)\r?\n?```\s*", re.DOTALL)
_PLACES = MappingProxyType({
    "openai.chat": (("response_format", "json_schema", "schema"),),
    "openai.responses": (("text", "format", "schema"),),
    "anthropic.messages": (("output_config", "format", "schema"), ("output_format", "schema")),
    "google.generate": (
        ("generationConfig", "responseJsonSchema"), ("generationConfig", "responseSchema"),
        ("generation_config", "response_json_schema"), ("generation_config", "response_schema"),
    ),
})  # fmt: skip


def asked_schema(call: Call) -> dict[str, Any] | None:
    """The JSON Schema that the request itself asks the answer to follow."""
    for place in _PLACES.get(call.wire, ()):
        node = _at(read_request(call).tree, place)
        if isinstance(node, dict):
            schema = cast(dict[str, Any], node)
            return _lower(schema) if place[-1] in ("responseSchema", "response_schema") else schema
    return None


def unfenced(text: str) -> str:
    """`text` without the code fence around all of it."""
    found = _FENCED.fullmatch(text)
    return found[1] if found else text


def _at(node: object, place: Sequence[str]) -> object:
    for name in place:
        node = cast(dict[str, Any], node).get(name) if isinstance(node, dict) else None
    return node


def _lower(node: Any) -> Any:
    """Google's own dialect as JSON Schema: types in capitals, `nullable`."""
    if isinstance(node, list):
        return [_lower(each) for each in cast(list[Any], node)]
    if not isinstance(node, dict):
        return node
    found = {key: _lower(value) for key, value in cast(dict[str, Any], node).items()}
    if isinstance(found.get("type"), str):
        found["type"] = found["type"].lower()
        if found.pop("nullable", None) is True:
            found["type"] = [found["type"], "null"]
    return found
