"""Answers of `generateContent` between their forms: whole, as events, and as the array of a stream without `alt=sse`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import Any

from headgate.call.call import Call
from headgate.kernel import json
from headgate.wire.node import object_of, objects_of, text_of
from headgate.wire.pieces import PIECE_CHARS, pieces_of
from headgate.wire.sse import Splitter, data_event, read_event, split_events

Fields = dict[str, Any]
_AT_THE_END = ("usageMetadata", "promptFeedback")


def to_stream(body: bytes, call: Call) -> list[bytes]:  # noqa: ARG001 - other formats look at what the client asked
    """A whole body as the events of a stream: its parts one by one, texts in pieces, then how it ended."""
    answer = object_of(json.decode(body))
    head = {key: value for key, value in answer.items() if key not in ("candidates", *_AT_THE_END)}
    out: list[bytes] = []
    ends: list[Fields] = []
    for at, candidate in enumerate(objects_of(answer.get("candidates"))):
        content = object_of(candidate.get("content"))
        index = candidate.get("index", at)
        pieces = [piece for part in objects_of(content.get("parts")) for piece in _pieces(part)]
        for piece in pieces[:-1]:
            said: Fields = {"content": content | {"parts": [piece]}, "index": index}
            out.append(data_event({"candidates": [said], **head}))
        ends.append(candidate | {"content": content | {"parts": pieces[-1:]}} if content else candidate)
    last = {key: answer[key] for key in _AT_THE_END if key in answer}
    return [*out, data_event({"candidates": ends, **last, **head} if ends else {**last, **head})]


def _pieces(part: Fields) -> Iterator[Fields]:
    """A part in pieces. What stands beside a text comes with its last piece."""
    texts = pieces_of(text_of(part.get("text")), PIECE_CHARS)
    thought: Fields = {"thought": True} if part.get("thought") is True else {}
    for text in texts[:-1]:
        yield {"text": text} | thought
    yield part | {"text": texts[-1]} if texts else part


def from_stream(stream: bytes, usage_raw: bytes = b"") -> bytes | None:  # noqa: ARG001 - usage is never hidden here
    """The whole body that `stream` stands for, or None when it is incomplete or failed."""
    events, rest = split_events(stream)
    head: Fields = {}
    candidates: dict[Any, Fields] = {}
    for each in [*events, rest]:
        data = read_event(each).data
        if data is None:
            continue
        try:
            event = object_of(json.decode(data))
        except (ValueError, RecursionError):
            return None
        if event.get("error") is not None:
            return None
        for at, candidate in enumerate(objects_of(event.pop("candidates", None))):
            index = candidate.get("index", at)
            _add(candidates.setdefault(index, {}), candidate)
        head |= event
    ended = candidates and all(candidate.get("finishReason") for candidate in candidates.values())
    if not ended and not head.get("promptFeedback"):
        return None
    told: Fields = {"candidates": [candidates[index] for index in sorted(candidates)]} if candidates else {}
    return json.encode(told | head)


def _add(known: Fields, candidate: Fields) -> None:
    content = object_of(candidate.pop("content", None))
    old = object_of(known.get("content"))
    parts = objects_of(old.get("parts"))
    for part in objects_of(content.get("parts")):
        if parts and _is_same_text(parts[-1], part):
            parts[-1] = parts[-1] | part | {"text": parts[-1]["text"] + part["text"]}
        else:
            parts.append(part)
    if content or old:
        known["content"] = old | content | {"parts": parts}
    known |= candidate


def _is_same_text(known: Fields, part: Fields) -> bool:
    """Does `part` go on where `known` stopped? A signature ends a text."""
    plain = all(key in ("text", "thought") for key in known) and all(
        key in ("text", "thought", "thoughtSignature") for key in part
    )
    both = isinstance(known.get("text"), str) and isinstance(part.get("text"), str)
    return plain and both and known.get("thought") == part.get("thought")


class ArrayOf:
    """SSE events in, the same objects as one JSON array out."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._begun = False

    def feed(self, chunk: bytes) -> bytes:
        return self._write(self._splitter.feed(chunk))

    def finish(self) -> bytes:
        last = self._write(self._splitter.finish())
        return last + (b"]" if self._begun else b"[]")

    def _write(self, block: bytes) -> bytes:
        events, rest = split_events(block)
        out: list[bytes] = []
        for event in [*events, rest]:
            data = read_event(event).data
            if data is not None:
                out.append((b",\r\n" if self._begun else b"[") + data)
                self._begun = True
        return b"".join(out)


async def array_chunks(call: Call, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The chunks of a stream as those of an array. The chunk with which the call is settled is the last one."""
    array = ArrayOf()
    ended = False
    try:
        async for chunk in chunks:
            if ended:
                continue
            out = array.feed(chunk)
            ended = "settled" in call.notes
            yield out + array.finish() if ended else out
        if not ended:
            yield array.finish()
    finally:
        await chunks.aclose()


def array_body(stream: bytes) -> bytes:
    """A whole stream as an array."""
    array = ArrayOf()
    return array.feed(stream) + array.finish()
