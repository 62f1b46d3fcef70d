"""What the OpenAPI document says of Anthropic's routes."""

from __future__ import annotations

from headgate.gateway.documents import Document, call_document

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_MODEL = {
    "type": "string",
    "description": "The model that is asked, or an alias.",
    "examples": ["claude-sonnet-5"],
}
_OBJECTS = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
_MESSAGES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["role"],
        "additionalProperties": True,
        "properties": {"role": _TEXT},
    },
}
_SYSTEM = {"description": "A text, or text blocks."}
_HEADERS: list[Document] = [
    {
        "name": "anthropic-version",
        "in": "header",
        "schema": _TEXT,
        "description": "Reaches a provider of this format as it is.",
    },
    {"name": "anthropic-beta", "in": "header", "schema": _TEXT, "description": "Likewise."},
]
_ASKED = {"role": "user", "content": "hello"}

MESSAGES = call_document(
    streams=True,
    body={
        "type": "object",
        "required": ["model", "max_tokens", "messages"],
        "additionalProperties": True,
        "description": (
            "Every field reaches a provider of this format unchanged. For another provider the request is translated; "
            "what has no place there is named in `x-headgate-warnings`."
        ),
        "properties": {
            "model": _MODEL,
            "max_tokens": _WHOLE,
            "messages": _MESSAGES,
            "system": _SYSTEM,
            "stream": {"type": "boolean", "default": False, "description": "Answer as server-sent events."},
            "tools": _OBJECTS,
            "thinking": {"type": "object", "additionalProperties": True},
        },
        "examples": [{"model": "claude-sonnet-5", "max_tokens": 256, "messages": [_ASKED]}],
    },
    answer={
        "type": "object",
        "properties": {
            "id": _TEXT, "type": _TEXT, "role": _TEXT, "model": _TEXT, "content": _OBJECTS,
            "stop_reason": {"type": ["string", "null"]}, "stop_sequence": {"type": ["string", "null"]},
            "usage": {"type": "object", "additionalProperties": True},
        },
    },
)  # fmt: skip
MESSAGES["parameters"] = [*MESSAGES["parameters"], *_HEADERS]

COUNT_TOKENS = call_document(
    streams=False,
    body={
        "type": "object",
        "required": ["model", "messages"],
        "additionalProperties": True,
        "description": "Counted by a provider of this format; for another one estimated, which `x-headgate-warnings` then says.",
        "properties": {"model": _MODEL, "messages": _MESSAGES, "system": _SYSTEM, "tools": _OBJECTS},
        "examples": [{"model": "claude-sonnet-5", "messages": [_ASKED]}],
    },
    answer={"type": "object", "properties": {"input_tokens": _WHOLE}},
)
COUNT_TOKENS["parameters"] = [*COUNT_TOKENS["parameters"], *_HEADERS]
