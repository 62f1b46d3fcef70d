"""Chat completions between their two forms: a whole body as a stream of chunks, and the chunks as a whole body."""

from __future__ import annotations

from typing import Any, cast

from headgate.call.call import Call
from headgate.kernel import json
from headgate.wire.assemble import Fields, add, read_chunks, whole
from headgate.wire.pieces import PIECE_CHARS, dress, pieces_of
from headgate.wire.sse import DONE_EVENT

_GROWING = ("content", "refusal", "reasoning_content", "reasoning")  # texts long enough to be sent in pieces


def from_stream(stream: bytes, usage_raw: bytes = b"") -> bytes | None:
    """The whole body that `stream` stands for, or None when it is incomplete or failed."""
    chunks = read_chunks(stream)
    return None if chunks is None else whole(chunks, "chat.completion", _choice, usage_raw)


def _choice(pieces: list[Fields]) -> Fields:
    message: Fields = {"role": "assistant", "content": None}
    calls = _Calls()
    choice: Fields = {
        "index": pieces[0].get("index", 0),
        "message": message,
        "logprobs": None,
        "finish_reason": None,
    }
    for piece in pieces:
        delta = cast(Fields, piece.get("delta") or {})
        tool_calls = delta.get("tool_calls")
        if isinstance(tool_calls, list):
            calls.add(cast("list[Any]", tool_calls))
        add(message, {key: value for key, value in delta.items() if key != "tool_calls"})
        add(
            choice,
            {key: value for key, value in piece.items() if key not in ("delta", "index", "finish_reason")},
        )
        choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
    message.setdefault("refusal", None)
    if calls.made:
        message["tool_calls"] = calls.made
        message["content"] = message["content"] or None
    return choice


class _Calls:
    """Tool calls by their index; one without an index is known by its id, or goes on where the last one stopped."""

    def __init__(self) -> None:
        self._known: dict[Any, Fields] = {}
        self._last: Any = None

    def add(self, deltas: list[Any]) -> None:
        for delta in deltas:
            if isinstance(delta, dict):
                self._add(dict(cast(Fields, delta)))

    def _add(self, delta: Fields) -> None:
        place = delta.pop("index", None)
        if place is None:
            place = ("id", delta["id"]) if delta.get("id") else self._last
        self._last = place
        add(self._known.setdefault(place, {}), delta)

    @property
    def made(self) -> list[Fields]:
        numbered = sorted(place for place in self._known if isinstance(place, int))
        others = [place for place in self._known if not isinstance(place, int)]
        return [self._known[place] for place in (*numbered, *others)]


def to_stream(body: bytes, call: Call) -> list[bytes]:
    """A whole body as the events of a stream: per choice its role, its text, its calls and its end; usage if asked for."""
    answer = cast(Fields, json.decode(body))
    out: list[Fields] = []
    for choice in cast("list[Fields]", answer.get("choices") or []):
        out.extend(_chunks(choice))
    return [*dress(answer, "chat.completion.chunk", out, call), DONE_EVENT]


def _chunks(choice: Fields) -> list[Fields]:
    """The choice objects of the chunks that make up one choice."""
    message = cast(Fields, choice.get("message") or {})
    index = choice.get("index", 0)
    first: Fields = {"role": message.get("role", "assistant")}
    deltas: list[Fields] = [first]
    for key, value in message.items():
        if key == "tool_calls":
            deltas.extend(_call_deltas(value))
        elif key in _GROWING and isinstance(value, str) and value:
            deltas.extend({key: piece} for piece in pieces_of(value, PIECE_CHARS))
        elif key != "role":
            first[key] = value
    rest = {
        key: value
        for key, value in choice.items()
        if key not in ("index", "message", "finish_reason", "logprobs")
    }
    chunks: list[Fields] = [
        {"index": index, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas
    ]
    carrier = chunks[1] if len(chunks) > 1 else chunks[0]
    carrier["logprobs"] = choice.get("logprobs")
    chunks[0] |= rest
    chunks.append(
        {"index": index, "delta": {}, "logprobs": None, "finish_reason": choice.get("finish_reason")}
    )
    return chunks


def _call_deltas(calls: Any) -> list[Fields]:
    """One delta for each tool call, with its place among them."""
    if not isinstance(calls, list):
        return []
    made = cast("list[Fields]", calls)
    return [{"tool_calls": [{"index": place} | each]} for place, each in enumerate(made)]
