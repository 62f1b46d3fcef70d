"""Responses between their two forms: a whole body as a stream of typed events, and the events as a whole body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headgate.call.call import Call
from headgate.kernel import json
from headgate.wire.members import replace
from headgate.wire.node import object_of, objects_of, text_of
from headgate.wire.pieces import PIECE_CHARS, pieces_of
from headgate.wire.sse import read_event, split_events

Fields = dict[str, Any]
ENDINGS = {"incomplete": "response.incomplete", "failed": "response.failed"}
_WHOLE = frozenset({"response.completed", "response.incomplete"})
_FAILED = frozenset({"response.failed", "error"})


class Emitter:
    """Numbers events, and knows the events of each kind of item."""

    def __init__(self) -> None:
        self._number = 0

    def event(self, kind: str, **fields: Any) -> bytes:
        """One event of type `kind`."""
        data = json.encode({"type": kind, **fields, "sequence_number": self._number})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    def item(self, index: int, item: Fields) -> Iterator[bytes]:
        """A whole item: it begins, its texts come in pieces, it is done."""
        yield self.event("response.output_item.added", output_index=index, item=begun(item))
        place: Fields = {"item_id": item.get("id", ""), "output_index": index}
        match item.get("type"):
            case "message":
                yield from self._content(place, item)
            case "reasoning":
                for at, part in enumerate(objects_of(item.get("summary"))):
                    yield from self._summary({**place, "summary_index": at}, part)
                yield from self._content(place, item)
            case "function_call":
                text = text_of(item.get("arguments"))
                yield from self._pieces("response.function_call_arguments.delta", place, text)
                yield self.arguments_done(place, text, text_of(item.get("name")))
            case "custom_tool_call":
                text = text_of(item.get("input"))
                yield from self._pieces("response.custom_tool_call_input.delta", place, text)
                yield self.event("response.custom_tool_call_input.done", **place, input=text)
            case _:
                pass
        yield self.event("response.output_item.done", output_index=index, item=item)

    def arguments_done(self, place: Fields, text: str, name: str) -> bytes:
        return self.event("response.function_call_arguments.done", **place, arguments=text, name=name)

    def text_done(self, place: Fields, part: Fields) -> bytes:
        """The whole text of a content part, after its pieces."""
        if part.get("type") == "refusal":
            return self.event("response.refusal.done", **place, refusal=part["refusal"])
        if part.get("type") == "reasoning_text":
            return self.event("response.reasoning_text.done", **place, text=part.get("text", ""))
        logprobs: Any = part.get("logprobs") or []
        return self.event("response.output_text.done", **place, text=part.get("text", ""), logprobs=logprobs)

    def delta(self, place: Fields, kind: Any, text: str, logprobs: Any = None) -> bytes:
        """A piece of a content part of type `kind`."""
        if kind == "refusal":
            return self.event("response.refusal.delta", **place, delta=text)
        if kind == "reasoning_text":
            return self.event("response.reasoning_text.delta", **place, delta=text)
        return self.event("response.output_text.delta", **place, delta=text, logprobs=logprobs or [])

    def _content(self, place: Fields, item: Fields) -> Iterator[bytes]:
        for at, part in enumerate(objects_of(item.get("content"))):
            yield from self._part({**place, "content_index": at}, part)

    def _part(self, place: Fields, part: Fields) -> Iterator[bytes]:
        kind = part.get("type")
        word = "refusal" if kind == "refusal" else "text"
        yield self.event("response.content_part.added", **place, part=empty(part))
        logprobs = part.get("logprobs")  # they come with the first piece: nobody counts them per piece
        for piece in pieces_of(text_of(part.get(word)), PIECE_CHARS):
            yield self.delta(place, kind, piece, logprobs)
            logprobs = None
        for at, note in enumerate(objects_of(part.get("annotations"))):
            fields = {**place, "annotation_index": at, "annotation": note}
            yield self.event("response.output_text.annotation.added", **fields)
        yield self.text_done(place, part)
        yield self.event("response.content_part.done", **place, part=part)

    def _summary(self, place: Fields, part: Fields) -> Iterator[bytes]:
        yield self.event("response.reasoning_summary_part.added", **place, part=part | {"text": ""})
        text = text_of(part.get("text"))
        yield from self._pieces("response.reasoning_summary_text.delta", place, text)
        yield self.event("response.reasoning_summary_text.done", **place, text=text)
        yield self.event("response.reasoning_summary_part.done", **place, part=part)

    def _pieces(self, kind: str, place: Fields, text: str) -> Iterator[bytes]:
        return (self.event(kind, **place, delta=piece) for piece in pieces_of(text, PIECE_CHARS))


def begun(item: Fields) -> Fields:
    """An item as it looks when it begins: without what is told later."""
    first = dict(item)
    if "status" in first:
        first["status"] = "in_progress"
    match item.get("type"):
        case "message":
            first["content"] = []
        case "reasoning":
            first["summary"] = []
            for later in ("encrypted_content", "content"):
                first.pop(later, None)
        case "function_call":
            first["arguments"] = ""
        case "custom_tool_call":
            first["input"] = ""
        case _:
            pass
    return first


def empty(part: Fields) -> Fields:
    """A content part as it looks when it begins."""
    if part.get("type") == "refusal":
        return part | {"refusal": ""}
    first = part | {"text": ""}
    for later in ("annotations", "logprobs"):
        if later in first:
            first[later] = []
    return first


def to_stream(body: bytes, call: Call) -> list[bytes]:  # noqa: ARG001 - other formats look at what the client asked
    """A whole body as the events of a stream."""
    return _events_of(object_of(json.decode(body)))


def _events_of(answer: Fields) -> list[bytes]:
    unsaid: Fields = {"status": "in_progress", "output": [], "usage": None}
    first = answer | unsaid
    first.pop("completed_at", None)
    emitter = Emitter()
    out = [
        emitter.event("response.created", response=first),
        emitter.event("response.in_progress", response=first),
    ]
    for index, item in enumerate(objects_of(answer.get("output"))):
        out.extend(emitter.item(index, item))
    kind = ENDINGS.get(text_of(answer.get("status")), "response.completed")
    return [*out, emitter.event(kind, response=answer)]


def replayed(body: bytes, after: int | None) -> list[bytes]:
    """The events of a stream that had made `body`, those after number `after` if it is given."""
    answer = object_of(json.decode(body))
    return _events_of(answer)[0 if after is None else after + 1 :]


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    response: msgspec.Raw = msgspec.Raw(b"")
    item: msgspec.Raw = msgspec.Raw(b"")


class _Output(msgspec.Struct, gc=False):
    output: list[msgspec.Raw] | None = None


_decode = msgspec.json.Decoder(_Event).decode
_decode_output = msgspec.json.Decoder(_Output).decode


def from_stream(stream: bytes, usage_raw: bytes = b"") -> bytes | None:  # noqa: ARG001 - usage is never hidden here
    """The whole body: the response of the event that ends the stream, byte for byte. None when it failed or never ended."""
    events, rest = split_events(stream)
    items: list[bytes] = []
    whole: bytes | None = None
    for each in [*events, rest]:
        fields = read_event(each)
        if fields.data is None:
            continue
        try:
            event = _decode(fields.data)
        except (ValueError, RecursionError):
            return None
        if event.type in _FAILED or fields.name == b"error":
            return None
        if event.type == "response.output_item.done":
            items.append(bytes(event.item))
        elif event.type in _WHOLE:
            whole = bytes(event.response)
    return None if whole is None else _with_items(whole, items)


def _with_items(whole: bytes, items: list[bytes]) -> bytes | None:
    """Some providers leave the items out at the end, as they have come before."""
    try:
        if items and _decode_output(whole).output == []:
            return replace(whole, "output", b"[" + b",".join(items) + b"]")
    except ValueError:
        return None
    return whole
