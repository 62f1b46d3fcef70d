"""What the OpenAPI document says of `/v1/responses`, whose handler reads raw bytes."""

from __future__ import annotations

from headgate.gateway.documents import Document, call_document

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_ANY = {"type": "object", "additionalProperties": True}
_LIST = {"type": "array", "items": _ANY}

RESPONSES: Document = call_document(
    streams=True,
    body={
        "type": "object",
        "additionalProperties": True,
        "description": "Every field of the OpenAI API, and any other, reaches a provider of the same format unchanged.",
        "properties": {
            "model": {
                "type": "string",
                "description": "The model that is asked, or an alias.",
                "examples": ["gpt-4o"],
            },
            "input": {
                "description": "A text, or items: messages, calls, results, reasoning.",
                "examples": ["hello"],
            },
            "instructions": _TEXT,
            "previous_response_id": {
                "type": "string",
                "description": "The response that this one goes on from.",
            },
            "store": {
                "type": "boolean",
                "default": True,
                "description": "`false`: nothing can go on from this response.",
            },
            "stream": {
                "type": "boolean",
                "default": False,
                "description": "Answer as typed server-sent events.",
            },
            "temperature": {"type": "number", "description": "0 lets the exact cache answer a repeat."},
            "max_output_tokens": _WHOLE,
            "tools": _LIST,
            "text": _ANY,
            "reasoning": _ANY,
        },
        "examples": [{"model": "gpt-4o", "input": "hello"}],
    },
    answer={
        "type": "object",
        "properties": {
            "id": _TEXT,
            "object": {"type": "string", "enum": ["response"]},
            "status": _TEXT,
            "model": _TEXT,
            "output": _LIST,
            "usage": _ANY,
        },
    },
)
