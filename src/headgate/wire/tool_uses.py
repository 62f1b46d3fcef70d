"""The tool calls of whole answers, with their arguments, on every wire."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.call.call import Wire
from headgate.kernel import json
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import ToolCall

MAYBE_CALLS = (b"tool", b"function")  # every wire's tool calls hold one of these words


class UnreadableCalls(ValueError):
    """The answer holds tool calls that cannot be read."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that a model wants run. `arguments` is canonical JSON; free text stands as a JSON string."""

    name: str
    arguments: bytes


def tool_uses(wire: Wire, body: bytes) -> list[ToolUse]:
    """The tool calls of a whole answer in `wire`. Raises UnreadableCalls when it cannot be read."""
    codec = CODECS.get(wire)
    if codec is None or not any(word in body for word in MAYBE_CALLS):
        return []
    try:
        reply = codec.read_reply(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableCalls(str(error)) from error
    return [
        ToolUse(part.name, _canonical(part.arguments))
        for choice in reply.choices
        for part in choice.parts
        if isinstance(part, ToolCall)
    ]


def _canonical(arguments: str) -> bytes:
    try:
        return json.canonical(json.decode(arguments or "{}"))
    except ValueError:
        return json.canonical(arguments)
