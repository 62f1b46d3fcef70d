"""Counting a request's tokens where its provider does not: an estimate, and said to be one."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.call.call import Call, Wire
from headgate.kernel import json
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import (
    Audio,
    Document,
    Image,
    Opaque,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Video,
)

# Which wire a count's body is in, and how its answer names the number.
COUNTS: dict[Wire, tuple[Wire, str]] = {
    "anthropic.count_tokens": ("anthropic.messages", "input_tokens"),
    "google.count_tokens": ("google.generate", "totalTokens"),
}
CHARS_PER_TOKEN = 4
TOKENS_PER_TURN = 4  # what a format wraps around each turn and tool
TOKENS_PER_IMAGE = 1500  # about what one of a million pixels takes
BYTES_PER_PAGE = 50_000  # of a document, roughly
TOKENS_PER_PAGE = 2000


def is_count(wire: Wire) -> bool:
    """Does a call in `wire` ask for a number of tokens only?"""
    return wire in COUNTS


def estimated_count(call: Call) -> bytes:
    """The answer to a call that counts, without asking anyone; a warning on the call says that it is an estimate."""
    wire, name = COUNTS[call.wire]
    call.warn("the count of tokens is an estimate: the model's provider does not count in this format")
    return json.encode({name: estimate(CODECS[wire].read_request(call.body))})


def estimate(request: Request) -> int:
    """About how many tokens a request takes."""
    chars, more = 0, 0
    for message in request.messages:
        told, besides = _weigh(message.parts)
        chars += told
        more += besides + TOKENS_PER_TURN
    for tool in request.tools:
        described = tool.data if isinstance(tool, Opaque) else _described(tool)
        chars += len(json.encode(described))
        more += TOKENS_PER_TURN
    return max(1, -(-chars // CHARS_PER_TOKEN) + more)


def _described(tool: Tool) -> list[object]:
    return [tool.name, tool.description, tool.schema]


def _weigh(parts: Sequence[Part]) -> tuple[int, int]:
    """Characters of text, and tokens of what is not text."""
    chars, tokens = 0, 0
    for part in parts:
        match part:
            case Text() | Refusal() | Thinking():
                chars += len(part.text)
            case ToolCall():
                chars += len(part.name) + len(part.arguments)
            case ToolResult():
                told, besides = _weigh(part.parts)
                chars, tokens = chars + told, tokens + besides
            case Image() | Video():
                tokens += TOKENS_PER_IMAGE
            case Document():
                chars += len(part.source.text) + len(part.title) + len(part.context)
                pages = 0 if part.source.text else 1 + len(part.source.data) * 3 // 4 // BYTES_PER_PAGE
                tokens += pages * TOKENS_PER_PAGE
            case Audio():
                chars += len(part.transcript)
                tokens += len(part.source.data) // 1000
            case Opaque():
                chars += len(json.encode(part.data))
    return chars, tokens
