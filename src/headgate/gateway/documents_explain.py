"""What the OpenAPI document says of `POST /v1/explain`."""

from __future__ import annotations

from headgate.gateway.documents import IDENTITY, Document

_TEXT: Document = {"type": "string"}
_DOLLARS: Document = {"type": ["number", "null"]}
_ROWS: Document = {"type": "array", "items": {"type": "object"}}

EXPLAIN: Document = {
    "parameters": [
        *IDENTITY,
        {
            "name": "endpoint", "in": "query", "schema": _TEXT,
            "description": "The endpoint that the body is for, such as `/v1/messages`; without it the body and headers tell.",
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "The body of a call, as its endpoint takes it."},
                "example": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]},
            }
        },
    },
    "responses": {
        "200": {
            "description": "What would happen.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "verdict": {"type": "string", "enum": ["live", "cache", "refused", "circuit_open"]},
                            "endpoint": _TEXT, "wire": _TEXT, "model": _TEXT, "strategy": _TEXT,
                            "modules": _ROWS, "candidates": _ROWS, "dropped": _ROWS, "caps": _ROWS,
                            "refusal": {"type": ["object", "null"]}, "cache": {"type": "object"},
                            "estimatedCostUsd": _DOLLARS, "maxCostUsd": _DOLLARS,
                        },
                    }
                }
            },
        }
    },
}  # fmt: skip
