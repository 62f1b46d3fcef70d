"""Bedrock's converse, with its event stream."""

from __future__ import annotations

import base64
import binascii
import json
import struct
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

KINDS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
}
USAGE = {
    "inputTokens": PROMPT_TOKENS - CACHED_TOKENS, "cacheReadInputTokens": CACHED_TOKENS, "outputTokens": COMPLETION_TOKENS,
    "totalTokens": PROMPT_TOKENS + COMPLETION_TOKENS,
}  # fmt: skip
_STRING = 7


def error(status: int) -> dict[str, Any]:
    return {"message": f"asked to fail with {status}"}


def kind_of(status: int) -> str:
    return KINDS.get(status, "InternalServerException")


def read(model: str, body: dict[str, Any], *, stream: bool) -> Asked:
    asked = Asked(model, stream=stream)
    asked.system = "".join(block.get("text", "") for block in objects(body.get("system")))
    for message in body["messages"]:
        if message["role"] != "user":
            continue
        blocks = message["content"]
        asked.text = "".join(block["text"] for block in blocks if "text" in block)
        asked.tool_results = [_result(block["toolResult"]) for block in blocks if "toolResult" in block]
        asked.image_bytes = [
            len(base64.b64decode(block["image"]["source"]["bytes"])) for block in blocks if "image" in block
        ]
    tools = objects(fields(body.get("toolConfig")).get("tools"))
    asked.tools = [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]
    asked.wants_json = "outputConfig" in body
    return asked


def _result(result: dict[str, Any]) -> str:
    return "".join(
        part["text"] if "text" in part else str(next(iter(part["json"].values())))
        for part in objects(result["content"])
    )


def converse(said: Said) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"toolUse": {"toolUseId": use.id, "name": use.name, "input": use.arguments}} for use in said.tools
    ] or [{"text": said.text}]
    return {
        "output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": "tool_use" if said.tools else "end_turn",
        "usage": USAGE, "metrics": {"latencyMs": 1},
    }  # fmt: skip


def frame(kind: str, payload: dict[str, Any]) -> bytes:
    """One message of the AWS event stream encoding: prelude, headers, payload, each with its CRC32."""
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", _STRING, len(value))
        + value.encode()
        for name, value in names.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + body
    return message + struct.pack("!I", binascii.crc32(message))


def stream(said: Said) -> Iterator[bytes]:
    yield frame("messageStart", {"role": "assistant"})
    if said.pieces:
        for piece in said.pieces:
            yield frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})
        yield frame("contentBlockStop", {"contentBlockIndex": 0})
    for index, use in enumerate(said.tools):
        start = {"toolUse": {"toolUseId": use.id, "name": use.name}}
        yield frame("contentBlockStart", {"contentBlockIndex": index, "start": start})
        text = json.dumps(use.arguments)
        for at in range(0, len(text), 6):
            delta = {"toolUse": {"input": text[at : at + 6]}}
            yield frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
        yield frame("contentBlockStop", {"contentBlockIndex": index})
    yield frame("messageStop", {"stopReason": "tool_use" if said.tools else "end_turn"})
    yield frame("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})
