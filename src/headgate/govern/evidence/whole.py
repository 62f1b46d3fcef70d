"""Answers as one JSON body, however they were sent, and what they say: texts and tool calls."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from headgate.call.call import Wire
from headgate.kernel import json
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import Refusal, Text, ToolCall
from headgate.wire.spec import WIRES


class Said(NamedTuple):
    """What an answer says: its text, and its tool calls as (name, arguments)."""

    text: str
    tools: list[tuple[str, Any]]


def whole_response(endpoint: str, body: bytes) -> bytes | None:
    """The body in one piece. None: a stream that broke off, or one of a format that cannot be put together."""
    if not body.lstrip().startswith((b"data:", b"event:", b":")):
        return body
    spec = WIRES.get(endpoint)
    return None if spec is None or spec.from_stream is None else spec.from_stream(body)


def said(wire: str, body: bytes) -> Said | None:
    """What a whole answer says; None when it cannot be read in its format."""
    codec = CODECS.get(cast(Wire, wire))
    if codec is None:
        return None
    try:
        reply = codec.read_reply(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    parts = [part for choice in reply.choices for part in choice.parts]
    texts = [part.text for part in parts if isinstance(part, Text | Refusal)]
    tools = [(part.name, _arguments(part.arguments)) for part in parts if isinstance(part, ToolCall)]
    return Said("".join(texts), tools)


def _arguments(text: str) -> Any:
    try:
        return json.decode(text or "{}")
    except ValueError:
        return text
