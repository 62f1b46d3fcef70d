"""Anthropic's messages."""

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
    Fields,
    Said,
    fields,
    objects,
)

KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    429: "rate_limit_error", 529: "overloaded_error",
}  # fmt: skip
IN_USAGE = {
    "input_tokens": PROMPT_TOKENS - CACHED_TOKENS, "cache_read_input_tokens": CACHED_TOKENS, "cache_creation_input_tokens": 0,
}  # fmt: skip


def error(status: int) -> dict[str, Any]:
    kind = KINDS.get(status, "api_error")
    return {
        "type": "error",
        "error": {"type": kind, "message": f"asked to fail with {status}"},
        "request_id": "req_1",
    }


def read(body: dict[str, Any]) -> Asked:
    asked = Asked(body["model"], stream=bool(body.get("stream")))
    system = body.get("system") or ""
    asked.system = system if isinstance(system, str) else "".join(block["text"] for block in objects(system))
    for message in body["messages"]:
        content = message["content"]
        blocks: list[Fields] = (
            objects(content) if isinstance(content, list) else [{"type": "text", "text": content}]
        )
        if message["role"] != "user":
            continue
        asked.text = "".join(block["text"] for block in blocks if block["type"] == "text")
        asked.tool_results = [_result(block) for block in blocks if block["type"] == "tool_result"]
        asked.image_bytes = [
            len(base64.b64decode(block["source"]["data"])) for block in blocks if block["type"] == "image"
        ]
    asked.tools = [tool["name"] for tool in objects(body.get("tools"))]
    asked.wants_json = bool(body.get("output_format") or fields(body.get("output_config")).get("format"))
    return asked


def _result(block: dict[str, Any]) -> str:
    content = block.get("content") or ""
    return content if isinstance(content, str) else "".join(part["text"] for part in objects(content))


def _blocks(said: Said) -> list[dict[str, Any]]:
    if said.tools:
        return [
            {"type": "tool_use", "id": use.id, "name": use.name, "input": use.arguments} for use in said.tools
        ]
    return [{"type": "text", "text": said.text}]


def message(asked: Asked, said: Said) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": asked.model, "content": _blocks(said),
        "stop_reason": "tool_use" if said.tools else "end_turn", "stop_sequence": None,
        "usage": IN_USAGE | {"output_tokens": COMPLETION_TOKENS},
    }  # fmt: skip


def stream(asked: Asked, said: Said) -> Iterator[bytes]:
    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()

    whole = message(asked, said)
    begun: Fields = whole | {"content": [], "stop_reason": None, "usage": IN_USAGE | {"output_tokens": 1}}
    yield event("message_start", message=begun)
    yield event("ping")
    for index, block in enumerate(whole["content"]):
        empty: Fields = {"input": {}} if block["type"] == "tool_use" else {"text": ""}
        yield event("content_block_start", index=index, content_block=block | empty)
        if block["type"] == "tool_use":
            text = json.dumps(block["input"])
            pieces = [
                {"type": "input_json_delta", "partial_json": text[at : at + 6]}
                for at in range(0, len(text), 6)
            ]
        else:
            pieces = [{"type": "text_delta", "text": piece} for piece in said.pieces]
        for piece in pieces:
            yield event("content_block_delta", index=index, delta=piece)
        yield event("content_block_stop", index=index)
    stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=stop, usage={"output_tokens": COMPLETION_TOKENS})
    yield event("message_stop")
