"""What the OpenAPI document says of `/v1`, whose handlers read raw bytes: bodies, streams, headers, with examples."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_MODEL = {"type": "string", "description": "The model that is asked, or an alias.", "examples": ["gpt-4o"]}
_STREAM = {"type": "boolean", "default": False, "description": "Answer as server-sent events."}
_USAGE = {
    "type": "object",
    "properties": {"prompt_tokens": _WHOLE, "completion_tokens": _WHOLE, "total_tokens": _WHOLE},
}

IDENTITY: list[Document] = [
    {"name": "X-Punk-App", "in": "header", "schema": _TEXT, "description": "App; a pinned key overrides it."},
    {"name": "X-Punk-Agent", "in": "header", "schema": _TEXT, "description": "Agent, for trust and audit."},
    {"name": "X-Punk-Subject", "in": "header", "schema": _TEXT, "description": "User; a wall in the cache."},
    {"name": "X-Project", "in": "header", "schema": _TEXT, "description": "Label on the run; `default`."},
    {
        "name": "x-headgate-cache", "in": "header", "schema": _TEXT,
        "description": "`allow`, `bypass`, `refresh`, `max-age=N`, with commas between them.",
    },
    {"name": "x-headgate-live", "in": "header", "schema": _TEXT, "description": "`1`: ask a model, whatever is known."},
    {"name": "x-headgate-coalesce", "in": "header", "schema": _TEXT, "description": "`off`: never share an upstream call."},
    {"name": "x-headgate-provider-key", "in": "header", "schema": _TEXT, "description": "The caller's own provider key."},
]  # fmt: skip
RUN_HEADERS: Document = {
    "x-punk-run-id": {"schema": _TEXT, "description": "The run, for `/api/v1/runs/{id}`."},
    "x-punk-route": {"schema": _TEXT, "description": "What answered: `live`, `exact_cache`, ..."},
    "x-headgate-cost": {"schema": _TEXT, "description": "Dollars, or `unknown`."},
    "x-headgate-saved": {
        "schema": _TEXT,
        "description": "Dollars that the same answer would have cost live.",
    },
    "x-headgate-model": {"schema": _TEXT, "description": "The model that answered."},
    "x-headgate-provider": {"schema": _TEXT, "description": "Who answered."},
    "x-headgate-cache": {"schema": _TEXT, "description": "`hit`, `miss`, `bypass`, ..."},
    "x-headgate-latency-ms": {"schema": _TEXT},
    "x-headgate-warnings": {"schema": _TEXT},
}


def call_document(*, body: Document, answer: Document, streams: bool) -> Document:
    """A route that asks a model."""
    content: Document = {"application/json": {"schema": answer}}
    if streams:
        content["text/event-stream"] = {"schema": {"description": "`data:` events, then `[DONE]`."}}
    failed = {"description": "The provider failed; `upstream_status` says how.", "content": _ERROR}
    return {
        "parameters": IDENTITY,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "The model's answer.", "headers": RUN_HEADERS, "content": content},
            "502": failed,
        },
    }


_ERROR: Document = {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}

CHAT = call_document(
    streams=True,
    body={
        "type": "object",
        "required": ["model", "messages"],
        "additionalProperties": True,
        "description": "Every field of the OpenAI API, and any other, reaches the provider unchanged.",
        "properties": {
            "model": _MODEL,
            "messages": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object", "required": ["role"], "additionalProperties": True, "properties": {"role": _TEXT},
                },
            },
            "stream": _STREAM,
            "stream_options": {"type": "object", "additionalProperties": True},
            "temperature": {"type": "number", "description": "0 lets the exact cache answer a repeat."},
            "tools": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            "response_format": {"type": "object", "additionalProperties": True},
        },
        "examples": [{"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}],
    },
    answer={
        "type": "object",
        "properties": {
            "id": _TEXT, "object": _TEXT, "created": _WHOLE, "model": _TEXT, "usage": _USAGE,
            "choices": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        },
    },
)  # fmt: skip

COMPLETIONS = call_document(
    streams=True,
    body={
        "type": "object",
        "required": ["model", "prompt"],
        "additionalProperties": True,
        "properties": {
            "model": {**_MODEL, "examples": ["gpt-3.5-turbo-instruct"]},
            "prompt": {"description": "A text, several, or token numbers.", "examples": ["Once upon a time"]},
            "stream": _STREAM,
        },
        "examples": [{"model": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time"}],
    },
    answer={
        "type": "object",
        "properties": {
            "id": _TEXT, "object": _TEXT, "created": _WHOLE, "model": _TEXT, "usage": _USAGE,
            "choices": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        },
    },
)  # fmt: skip

EMBEDDINGS = call_document(
    streams=False,
    body={
        "type": "object",
        "required": ["model", "input"],
        "additionalProperties": True,
        "properties": {
            "model": {**_MODEL, "examples": ["text-embedding-3-small"]},
            "input": {"description": "A text, several, or token numbers.", "examples": ["hello"]},
            "encoding_format": {"type": "string", "enum": ["float", "base64"]},
            "dimensions": _WHOLE,
        },
        "examples": [{"model": "text-embedding-3-small", "input": "hello"}],
    },
    answer={
        "type": "object",
        "properties": {
            "object": _TEXT, "model": _TEXT, "usage": _USAGE,
            "data": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        },
    },
)  # fmt: skip

_ONE_MODEL: Document = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": True,
    "properties": {"id": {"type": "string", "examples": ["gpt-4o"]}},
}
_SHAPE_HEADER: list[Document] = [
    {
        "name": "anthropic-version",
        "in": "header",
        "schema": _TEXT,
        "description": "When sent, the answer has Anthropic's shape.",
    }
]
MODELS: Document = {
    "parameters": _SHAPE_HEADER,
    "responses": {
        "200": {
            "description": "The models.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["data"],
                        "properties": {"data": {"type": "array", "items": _ONE_MODEL}},
                    }
                }
            },
        },
    },
}
MODEL: Document = {
    "parameters": _SHAPE_HEADER,
    "responses": {
        "200": {"description": "The model.", "content": {"application/json": {"schema": _ONE_MODEL}}}
    },
}
