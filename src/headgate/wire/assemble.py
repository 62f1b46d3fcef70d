"""Putting the chunks of a stream together again: how deltas add up, and which fields of a chunk belong to the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from headgate.kernel import json
from headgate.wire.merge import merge_texts
from headgate.wire.sse import DONE, read_event, split_events
from headgate.wire.usage import read_usage

Fields = dict[str, Any]

_SET_ONCE = frozenset({"id", "type", "role", "name", "index", "object"})
_NOT_OF_THE_WHOLE = frozenset({"object", "choices", "usage", "obfuscation"})


def read_chunks(stream: bytes) -> list[Fields] | None:
    """The chunks of a complete stream; None when it failed, or stopped before its choices were finished."""
    events, rest = split_events(merge_texts(stream))
    chunks: list[Fields] = []
    done = False
    for event in [*events, rest]:
        fields = read_event(event)
        if fields.data is None:
            continue
        if fields.data == DONE:
            done = True
            break
        chunk = _decode(fields.data)
        if chunk is None or fields.name == b"error" or chunk.get("error") is not None:
            return None
        chunks.append(chunk)
    return chunks if chunks and _is_finished(chunks, done=done) else None


def _decode(data: bytes) -> Fields | None:
    try:
        chunk = json.decode(data)
    except (ValueError, RecursionError):
        return None
    return cast(Fields, chunk) if isinstance(chunk, dict) else None


def _is_finished(chunks: list[Fields], *, done: bool) -> bool:
    """Every choice that began has ended with a reason; without `[DONE]` there must have been one."""
    begun: set[float] = set()
    ended: set[float] = set()
    for choice in (choice for chunk in chunks for choice in choices_of(chunk)):
        begun.add(_as_number(choice.get("index")))
        if choice.get("finish_reason"):
            ended.add(_as_number(choice.get("index")))
    return begun == ended and (done or bool(begun))


def choices_of(chunk: Fields) -> list[Fields]:
    """The choices of one chunk that are objects."""
    choices = chunk.get("choices")
    return (
        [choice for choice in cast("list[Any]", choices) if isinstance(choice, dict)]
        if isinstance(choices, list)
        else []
    )


def whole(
    chunks: list[Fields], kind: str, make_choice: Callable[[list[Fields]], Fields], usage_raw: bytes
) -> bytes:
    """The whole body: the head of the chunks, each choice made of its pieces, and usage."""
    head: Fields = {}
    pieces: dict[float, list[Fields]] = {}
    usage: Any = None
    for chunk in chunks:
        for key, value in chunk.items():
            if key not in _NOT_OF_THE_WHOLE and (value is not None or key not in head):
                head[key] = value
        usage = chunk.get("usage") or usage
        for choice in choices_of(chunk):
            pieces.setdefault(_as_number(choice.get("index")), []).append(choice)
    if usage is None and usage_raw and read_usage(usage_raw).known:
        usage = json.decode(usage_raw)
    body: Fields = {
        "id": head.pop("id", ""),
        "object": kind,
        "created": head.pop("created", 0),
        "model": head.pop("model", ""),
    }
    body["choices"] = [make_choice(pieces[index]) for index in sorted(pieces)]
    if usage is not None:
        body["usage"] = usage
    return json.encode(body | head)


def _as_number(index: Any) -> float:
    return index if isinstance(index, (int, float)) else 0


def add(known: Fields, delta: Fields) -> Fields:
    """Add a delta to what is known, in place: texts and lists grow, objects merge, the rest is replaced."""
    for key, value in delta.items():
        old = known.get(key)
        if old is None:
            known[key] = value
        elif value is None:
            continue
        elif isinstance(value, str) and isinstance(old, str):
            known[key] = (old or value) if key in _SET_ONCE else old + value
        elif isinstance(value, list) and isinstance(old, list):
            known[key] = [*cast("list[Any]", old), *cast("list[Any]", value)]
        elif isinstance(value, dict) and isinstance(old, dict):
            known[key] = add(cast(Fields, old), cast(Fields, value))
        else:
            known[key] = value
    return known
