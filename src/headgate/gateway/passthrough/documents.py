"""What the OpenAPI document says of requests that are passed on."""

from __future__ import annotations

from headgate.gateway.documents import IDENTITY, RUN_HEADERS, Document

_ANY: Document = {"description": "Whatever the provider takes."}
_OBJECT: Document = {"type": "object", "additionalProperties": True, "examples": [{"model": "gpt-4o"}]}
_PROVIDER: Document = {
    "name": "X-Provider", "in": "header", "schema": {"type": "string"}, "description": "Which provider; else the model says.",
}  # fmt: skip
_FAILED: Document = {
    "description": "The provider failed; `upstream_status` says how.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}},
}


def _document(content: Document | None) -> Document:
    found: Document = {
        "parameters": [*IDENTITY, _PROVIDER],
        "responses": {
            "200": {
                "description": "The provider's answer, as it came.",
                "headers": RUN_HEADERS,
                "content": {
                    "application/json": {"schema": _ANY},
                    "application/octet-stream": {"schema": _ANY},
                },
            },
            "502": _FAILED,
        },
    }
    if content is not None:
        found["requestBody"] = {"required": True, "content": content}
    return found


JSON = _document({"application/json": {"schema": _OBJECT}})
FORM = _document(
    {"application/json": {"schema": _OBJECT}, "multipart/form-data": {"schema": {"type": "object"}}}
)
BYTES = _document({"application/json": {"schema": _OBJECT}, "application/octet-stream": {"schema": _ANY}})
NO_BODY = _document(None)
