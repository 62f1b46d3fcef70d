"""Google's own schemas as JSON Schema, and the two spellings of field names."""

from __future__ import annotations

import re
from typing import Any, cast

from headgate.wire.neutral import Fields

_NUMBERS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_SNAKE = re.compile(r"_([a-z0-9])")
# below these every name is the caller's own
_FREE = frozenset({
    "args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels",
})  # fmt: skip


def camel(value: Any) -> Any:
    """Google's own field names in camel case; the caller's stay as they are."""
    if isinstance(value, list):
        return [camel(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields: Fields = {}
    for key, inner in cast(Fields, value).items():
        name = _SNAKE.sub(lambda match: match[1].upper(), key) if "_" in key[1:] else key
        fields[name] = inner if name in _FREE and not _is_wrapper(name, inner) else camel(inner)
    return fields


def _is_wrapper(name: str, value: Any) -> bool:
    """`response` of a batch holds fields of Google's, a function's holds the caller's."""
    return name == "response" and isinstance(value, dict) and "candidates" in value


def json_schema(schema: Fields) -> Fields:
    """An OpenAPI-like schema of Google's as JSON Schema."""
    out: Fields = {}
    for key, value in schema.items():
        if key in ("nullable", "propertyOrdering", "example"):
            continue
        if key == "type" and isinstance(value, str):
            out[key] = value.lower()
        elif key in _NUMBERS and isinstance(value, str) and value.isdigit():
            out[key] = int(value)
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: _inner(inner) for name, inner in cast(Fields, value).items()}
        elif key in ("items", "additionalProperties"):
            out[key] = _inner(value)
        elif key == "anyOf" and isinstance(value, list):
            out[key] = [_inner(inner) for inner in cast("list[Any]", value)]
        else:
            out[key] = value
    if schema.get("nullable") is True and "type" in out:
        out["type"] = [out["type"], "null"]
    return out


def _inner(value: Any) -> Any:
    return json_schema(cast(Fields, value)) if isinstance(value, dict) else value
