"""What the streams of all `choices` wires share: cutting texts, and dressing choices up as chunks with usage at the end."""

from __future__ import annotations

from typing import cast

from headgate.call.call import Call
from headgate.wire.assemble import Fields
from headgate.wire.shape import StreamView
from headgate.wire.sse import data_event

PIECE_CHARS = 4096
_NOT_IN_CHUNKS = frozenset({"object", "choices", "usage"})


def pieces_of(text: str, size: int) -> list[str]:
    """`text` in pieces of at most `size` characters."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def dress(answer: Fields, kind: str, choices: list[Fields], call: Call) -> list[bytes]:
    """One event for each choice object, with the head of the answer; then usage, if the client asked for it."""
    head: Fields = {"id": answer.get("id", ""), "object": kind}
    head |= {key: value for key, value in answer.items() if key not in _NOT_IN_CHUNKS}
    wants_usage = cast(StreamView, call.view).wants_usage
    unused: Fields = {"usage": None} if wants_usage else {}
    chunks: list[Fields] = [head | {"choices": [choice]} | unused for choice in choices]
    usage = answer.get("usage")
    if wants_usage and usage is not None:
        chunks.append(head | {"choices": [], "usage": usage})
    return [data_event(chunk) for chunk in chunks]
