"""Anthropic messages, whole, and errors: read from a provider, written for a client."""

from __future__ import annotations

import msgspec

from headgate.kernel import json
from headgate.wire.anthropic.errors import error_fields
from headgate.wire.anthropic.usage import tokens_of, usage_fields
from headgate.wire.neutral import (
    Choice,
    Failed,
    Fields,
    Finish,
    Opaque,
    Part,
    Refusal,
    Reply,
    Request,
    Text,
    Thinking,
    ToolCall,
)
from headgate.wire.node import answer_of, object_of, objects_of, text_of

FINISHES: dict[str, Finish] = {
    "end_turn": "stop", "max_tokens": "length", "stop_sequence": "stop_sequence", "tool_use": "tool", "pause_turn": "pause",
    "refusal": "refusal", "model_context_window_exceeded": "context",
}  # fmt: skip
REASONS: dict[Finish, str] = {
    **{finish: reason for reason, finish in FINISHES.items()},
    "other": "end_turn",
}
_OF_THE_REPLY = frozenset({"id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "usage"})
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_blocks = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


def read_reply(body: bytes) -> Reply:
    """A provider's answer. Raises ValueError when it is no JSON object."""
    answer = answer_of(body)
    members = _members(body)
    raw_blocks = _blocks(members["content"]) if isinstance(answer.get("content"), list) else []
    parts = [
        read_block(block, bytes(raw.get("input", b"")))
        for block, raw in zip(objects_of(answer.get("content")), raw_blocks, strict=False)
    ]
    finish = FINISHES.get(text_of(answer.get("stop_reason")), "other")
    return Reply(
        text_of(answer.get("id")),
        text_of(answer.get("model")),
        [Choice(parts, finish, text_of(answer.get("stop_sequence")))],
        tokens_of(bytes(members.get("usage", b""))),
        "anthropic",
        service_tier=text_of(object_of(answer.get("usage")).get("service_tier")),
        extra={key: value for key, value in answer.items() if key not in _OF_THE_REPLY and value is not None},
    )


def read_block(block: Fields, raw_input: bytes = b"") -> Part:
    """A block of an answer. `raw_input`: a call's arguments as they came."""
    kind = text_of(block.get("type"))
    if kind == "text":
        return Text(
            text_of(block.get("text")), citations=objects_of(block.get("citations")), maker="anthropic"
        )
    if kind == "thinking":
        return Thinking(text_of(block.get("thinking")), text_of(block.get("signature")), maker="anthropic")
    if kind == "redacted_thinking":
        return Thinking(redacted=text_of(block.get("data")), maker="anthropic")
    if kind == "tool_use":
        arguments = raw_input.decode() if raw_input else json.encode(object_of(block.get("input"))).decode()
        return ToolCall(text_of(block.get("id")), text_of(block.get("name")), arguments)
    return Opaque("anthropic", kind, block)


def write_reply(reply: Reply, request: Request) -> bytes:
    """The whole body for a client of this wire."""
    choice = reply.choices[0] if reply.choices else Choice([], "other")
    content = [block for part in choice.parts if (block := write_block(part)) is not None]
    fields: Fields = {
        "id": reply.id, "type": "message", "role": "assistant", "model": reply.model or request.model, "content": content,
        "stop_reason": REASONS[choice.finish], "stop_sequence": choice.stop_sequence or None, "usage": usage_fields(reply.tokens),
    }  # fmt: skip
    return json.encode(fields)


def write_block(part: Part) -> Fields | None:
    """A part of an answer as a block; None when this wire has no place for it."""
    match part:
        case Text():
            fields: Fields = {"type": "text", "text": part.text}
            return (
                fields | {"citations": part.citations}
                if part.citations and part.maker == "anthropic"
                else fields
            )
        case Refusal():
            return {"type": "text", "text": part.text}
        case Thinking():
            if part.redacted:
                return (
                    {"type": "redacted_thinking", "data": part.redacted}
                    if part.maker == "anthropic"
                    else None
                )
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": input_of(part)}
        case Opaque():
            return part.data if part.maker == "anthropic" else None
        case _:
            return None


def input_of(call: ToolCall) -> Fields | msgspec.Raw:
    """A call's arguments as an object; what is no object stands under `input`, so that nothing is lost."""
    text = call.arguments.strip()
    if not text:
        return {}
    try:
        parsed = json.decode(text)
    except (ValueError, RecursionError):
        return {"input": call.arguments}
    return msgspec.Raw(text.encode()) if isinstance(parsed, dict) else {"input": parsed}


def read_error(status: int, body: bytes) -> Failed:
    """A provider's refusal, as far as it can be read."""
    try:
        error = object_of(answer_of(body).get("error"))
    except ValueError:
        error = {}
    message = text_of(error.get("message")) or f"The provider refused the request with status {status}."
    return Failed(status, message, text_of(error.get("type")))


def write_error(failed: Failed) -> bytes:
    return json.encode(error_fields(failed.status, failed.message))
