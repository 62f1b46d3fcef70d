"""What the OpenAPI document says of `/v1beta`, whose handlers read raw bytes."""

from __future__ import annotations

from headgate.gateway.documents import Document, call_document

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_ANY = {"type": "object", "additionalProperties": True}
_LIST = {"type": "array", "items": _ANY}
_ALT: Document = {
    "name": "alt", "in": "query", "schema": _TEXT, "description": "`sse`: events. Without it a stream is a JSON array.",
}  # fmt: skip

_BODY: Document = {
    "type": "object",
    "required": ["contents"],
    "additionalProperties": True,
    "description": "Every field of the Gemini API, and any other, reaches a provider of the same format unchanged.",
    "properties": {
        "contents": {"type": "array", "minItems": 1, "items": _ANY},
        "systemInstruction": _ANY,
        "generationConfig": _ANY,
        "tools": _LIST,
        "toolConfig": _ANY,
        "safetySettings": _LIST,
    },
    "examples": [{"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}],
}
_ANSWER: Document = {
    "type": "object",
    "properties": {"candidates": _LIST, "usageMetadata": _ANY, "modelVersion": _TEXT, "responseId": _TEXT},
}

GENERATE = call_document(body=_BODY, answer=_ANSWER, streams=False)
STREAM_GENERATE = call_document(body=_BODY, answer={"type": "array", "items": _ANSWER}, streams=True)
STREAM_GENERATE["parameters"] = [*STREAM_GENERATE["parameters"], _ALT]
COUNT = call_document(
    body={
        "type": "object",
        "additionalProperties": True,
        "properties": {
            "contents": {"type": "array", "minItems": 1, "items": _ANY},
            "generateContentRequest": _BODY,
        },
        "examples": [{"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}],
    },
    answer={"type": "object", "properties": {"totalTokens": _WHOLE, "cachedContentTokenCount": _WHOLE}},
    streams=False,
)
