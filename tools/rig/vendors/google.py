"""Google's generateContent."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from tools.rig.vendors.scene import (
    CACHED_TOKENS,
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    Asked,
    Said,
    fields,
    objects,
)

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
}
USAGE = {
    "promptTokenCount": PROMPT_TOKENS, "cachedContentTokenCount": CACHED_TOKENS, "candidatesTokenCount": COMPLETION_TOKENS,
    "totalTokenCount": PROMPT_TOKENS + COMPLETION_TOKENS,
}  # fmt: skip


def error(status: int) -> dict[str, Any]:
    return {
        "error": {
            "code": status,
            "message": f"asked to fail with {status}",
            "status": STATUSES.get(status, "INTERNAL"),
        }
    }


def read(model: str, body: dict[str, Any], *, stream: bool) -> Asked:
    asked = Asked(model, stream=stream)
    system = fields(body.get("systemInstruction") or body.get("system_instruction"))
    asked.system = "".join(part.get("text", "") for part in objects(system.get("parts")))
    for content in body["contents"]:
        if content.get("role", "user") == "model":
            continue
        parts = content["parts"]
        asked.text = "".join(part["text"] for part in parts if "text" in part)
        results = [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]
        asked.tool_results = [_result(result) for result in results]
        asked.image_bytes = [
            len(base64.urlsafe_b64decode(part["inlineData"]["data"]))
            for part in parts
            if "inlineData" in part
        ]
    for tool in objects(body.get("tools")):
        asked.tools += [each["name"] for each in objects(tool.get("functionDeclarations"))]
    config = fields(body.get("generationConfig"))
    asked.wants_json = config.get("responseMimeType") == "application/json"
    return asked


def _result(response: dict[str, Any]) -> str:
    """SDKs differ in the key under which they put a result that is not an object."""
    return str(next(response[key] for key in ("result", "output", "content") if key in response))


def _candidate(parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    return candidate | ({"finishReason": finish} if finish else {})


def _calls(said: Said) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": use.name, "args": use.arguments}} for use in said.tools]


def content(asked: Asked, said: Said) -> dict[str, Any]:
    parts = _calls(said) or [{"text": said.text}]
    return {
        "candidates": [_candidate(parts, "STOP")], "usageMetadata": USAGE, "modelVersion": asked.model, "responseId": "r1",
    }  # fmt: skip


def stream(asked: Asked, said: Said) -> Iterator[bytes]:
    parts: list[list[dict[str, Any]]] = [[{"text": piece}] for piece in said.pieces] or [_calls(said)]
    for index, each in enumerate(parts):
        last = index == len(parts) - 1
        chunk: dict[str, Any] = {
            "candidates": [_candidate(each, "STOP" if last else None)],
            "modelVersion": asked.model,
        }
        chunk |= {"responseId": "r1", "usageMetadata": USAGE if last else {"promptTokenCount": PROMPT_TOKENS}}
        yield b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n"
