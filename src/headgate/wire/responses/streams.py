"""Responses streams: a provider's typed events in the neutral form, and neutral events as typed events for a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec
from typing_extensions import override

from headgate.wire.events import Parts, SseReader, data_of
from headgate.wire.neutral import (
    ArgumentsDelta,
    CitationTold,
    Event,
    Failed,
    Fields,
    Finished,
    PartEnded,
    PartStarted,
    Refusal,
    Request,
    SignatureDelta,
    Started,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    Tokens,
    ToolCall,
    UsageTold,
)
from headgate.wire.node import count_of, object_of, objects_of, text_of
from headgate.wire.responses.events import Emitter, begun, empty
from headgate.wire.responses.replies import (
    annotations_of,
    call_item,
    call_seal,
    content_of,
    ending,
    failed_of,
    finish_of,
    head,
    items_of,
    message,
    parts_of,
    reasoning_item,
    thought_of,
    tokens_in,
)
from headgate.wire.sse import Event as SseEvent

_ENDS = ("response.completed", "response.incomplete")
_TEXTS = ("response.output_text.delta", "response.refusal.delta")
_THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_ARGUMENTS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")


class _Response(msgspec.Struct):
    response: msgspec.Raw = msgspec.Raw(b"{}")


_response = msgspec.json.Decoder(_Response).decode


class ResponseReader(SseReader):
    """Reads a provider's stream."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = Parts()
        self._said: set[int] = set()  # items whose text or arguments have come in pieces
        self._called = False
        self._failed = False

    @override
    def _end(self, out: list[Event]) -> None:
        self._parts.end(out)

    @override
    def _read(self, event: SseEvent, out: list[Event]) -> None:
        fields = data_of(event)
        kind = text_of(fields.get("type"))
        if self._failed:
            return
        if kind == "response.created":
            response = object_of(fields.get("response"))
            created = count_of(response.get("created_at"))
            out.append(Started(text_of(response.get("id")), text_of(response.get("model")), created))
        elif kind == "response.output_item.added":
            self._begin(count_of(fields.get("output_index")), object_of(fields.get("item")), out)
        elif kind == "response.output_item.done":
            self._done(count_of(fields.get("output_index")), object_of(fields.get("item")), out)
        elif kind in _ENDS and event.data is not None:
            response = object_of(fields.get("response"))
            self._parts.end(out)
            out.append(UsageTold(tokens_in(response, _response(event.data).response)))
            out.append(Finished(finish_of(response, called=self._called)))
        elif kind in ("error", "response.failed") or event.name == b"error":
            self._failed = True
            told = (
                object_of(object_of(fields.get("response")).get("error"))
                or object_of(fields.get("error"))
                or fields
            )
            out.append(failed_of(told))
        else:
            self._delta(kind, fields, out)

    def _begin(self, index: int, item: Fields, out: list[Event]) -> None:
        kind = item.get("type")
        if kind == "reasoning":
            self._parts.at(index, Thinking(id=text_of(item.get("id")), maker="openai"), out)
        elif kind in ("function_call", "custom_tool_call"):
            self._called = True
            call = cast(ToolCall, parts_of(item)[0])
            call.arguments = ""
            self._parts.at(index, call, out)

    def _delta(self, kind: str, fields: Fields, out: list[Event]) -> None:
        index, text = count_of(fields.get("output_index")), text_of(fields.get("delta"))
        if kind in _TEXTS:
            refusal = kind == "response.refusal.delta"
            place = (index, count_of(fields.get("content_index")))
            at = self._parts.at(place, Refusal("") if refusal else Text("", maker="openai"), out)
            logprobs = objects_of(fields.get("logprobs"))
            out.append(TextDelta(at, text, logprobs={"content": logprobs} if logprobs else None))
            self._said.add(index)
        elif kind == "response.reasoning_summary_part.added":
            if count_of(fields.get("summary_index")) > 0 and self._parts.is_open(index):
                out.append(ThinkingDelta(self._parts.number, "\n\n"))
        elif kind in _THOUGHTS and text:
            at = self._parts.at(index, Thinking(id=text_of(fields.get("item_id")), maker="openai"), out)
            out.append(ThinkingDelta(at, text))
            self._said.add(index)
        elif kind in _ARGUMENTS and text and self._parts.is_open(index):
            out.append(ArgumentsDelta(self._parts.number, text))
            self._said.add(index)
        elif kind == "response.output_text.annotation.added":
            place = (index, count_of(fields.get("content_index")))
            at = self._parts.at(place, Text("", maker="openai"), out)
            out.append(CitationTold(at, object_of(fields.get("annotation"))))

    def _done(self, index: int, item: Fields, out: list[Event]) -> None:
        kind = item.get("type")
        if kind == "reasoning":
            thought = thought_of(item)
            at = self._parts.at(index, Thinking(id=thought.id, maker=thought.maker), out)
            if thought.text and index not in self._said:
                out.append(ThinkingDelta(at, thought.text))
            if thought.signature:
                out.append(SignatureDelta(at, thought.signature))
        elif kind in ("function_call", "custom_tool_call"):
            self._called = True
            call = cast(ToolCall, parts_of(item)[0])
            begins = ToolCall(call.id, call.name, custom=call.custom)
            at = self._parts.at(index, begins, out)
            if call.arguments and index not in self._said:
                out.append(ArgumentsDelta(at, call.arguments))
        elif kind == "message":
            if index not in self._said:
                for place, part in enumerate(parts_of(item)):
                    self._parts.at((index, place), part, out)
        else:
            for part in parts_of(item):
                self._parts.at(index, part, out)
        self._parts.end(out)


class ResponseWriter:
    """Writes a stream for a client. Of several choices it tells the first: a response is one answer."""

    def __init__(self, request: Request) -> None:
        self._emitter = Emitter()
        self._request = request
        self._head: Fields = {}
        self._items: list[Fields] = []  # those that are done
        self._open: Fields | None = None  # the item that is being said,
        self._part: Fields | None = None  # and the part of it
        self._thought: Thinking | None = None
        self._item_id = ""
        self._tokens = Tokens()
        self._finish: Finished | None = None
        self._failed = False

    def write(self, events: Sequence[Event]) -> bytes:
        return b"".join([self._write(event) for event in events if not self._failed])

    def finish(self) -> bytes:
        if self._failed or self._finish is None:
            return b""
        last = self._start(Started()) + self._close()
        end = ending(self._finish.finish, self._tokens)
        kind = f"response.{end['status']}"
        return last + self._emitter.event(kind, response=self._head | {"output": self._items} | end)

    def _write(self, event: Event) -> bytes:
        match event:
            case Started():
                return self._start(event)
            case UsageTold():
                self._tokens = event.tokens if event.tokens.known else self._tokens
            case Finished():
                self._finish = event if event.choice == 0 else self._finish
            case Failed():
                self._failed = True
                told = {
                    "code": event.code or event.kind or None,
                    "message": event.message,
                    "param": event.param or None,
                }
                return self._emitter.event("error", **told)
            case _:
                if event.choice == 0:
                    return self._write_part(event)
        return b""

    def _start(self, event: Started) -> bytes:
        if self._head:
            return b""
        self._head = head(self._request, event.model, event.created)
        created = self._emitter.event("response.created", response=self._head)
        return created + self._emitter.event("response.in_progress", response=self._head)

    def _write_part(self, event: Event) -> bytes:
        emitter, place = self._emitter, self._place
        match event:
            case PartStarted():
                return self._start(Started()) + self._begin(event)
            case TextDelta() if self._part is not None:
                key = "refusal" if self._part["type"] == "refusal" else "text"
                self._part[key] += event.text
                logprobs = objects_of((event.logprobs or {}).get("content"))
                if logprobs and key == "text":
                    self._part["logprobs"] += logprobs
                return emitter.delta(place, self._part["type"], event.text, logprobs)
            case CitationTold() if self._part is not None and self._part["type"] == "output_text":
                return self._cite(event.citation)
            case ThinkingDelta() if self._thought is not None:
                return self._think(event.text)
            case SignatureDelta():
                if self._thought is not None:
                    self._thought.signature += event.signature
            case ArgumentsDelta() if self._open is not None and "arguments" in self._open:
                self._open["arguments"] += event.text
                return emitter.event("response.function_call_arguments.delta", **place, delta=event.text)
            case ArgumentsDelta() if self._open is not None and "input" in self._open:
                self._open["input"] += event.text
                return emitter.event("response.custom_tool_call_input.delta", **place, delta=event.text)
            case PartEnded():
                return self._end_part()
            case _:
                pass
        return b""

    @property
    def _place(self) -> Fields:
        """Where the open item, and the open part of a message, stands."""
        item = self._open or {}
        place: Fields = {"item_id": item.get("id", ""), "output_index": len(self._items)}
        if item.get("type") == "message":
            place["content_index"] = len(item["content"])
        elif item.get("type") == "reasoning":
            place["summary_index"] = 0
        return place

    def _begin(self, event: PartStarted) -> bytes:
        part = event.part
        content = content_of(part)
        if content is not None:
            return self._begin_content(content)
        out = self._close()
        if isinstance(part, ToolCall):
            for seal in call_seal(part):
                out += self._whole(seal)
            self._open = call_item(part) | {"input" if part.custom else "arguments": ""}
            out += self._added(self._open)
            return out + (
                self._write_part(ArgumentsDelta(event.at, part.arguments)) if part.arguments else b""
            )
        if isinstance(part, Thinking):
            self._thought = Thinking("", part.signature, part.redacted, part.id, part.maker)
            self._open = reasoning_item(self._thought)
            self._item_id = self._open["id"]
            out += self._added(begun(self._open))
            return out + (self._think(part.text) if part.text else b"")
        return out + b"".join([self._whole(item) for item in items_of(part)])

    def _begin_content(self, content: Fields) -> bytes:
        out = b""
        if self._open is None or self._open.get("type") != "message":
            out = self._close()
            self._open = message()
            out += self._added(begun(self._open))
        first = empty(content)
        out += self._emitter.event("response.content_part.added", **self._place, part=first)
        self._part = first
        text = content.get("text") or content.get("refusal") or ""
        return out + (self._write_part(TextDelta(0, text)) if text else b"")

    def _added(self, item: Fields) -> bytes:
        shown = item | ({"status": "in_progress"} if "status" in item else {})
        return self._emitter.event("response.output_item.added", output_index=len(self._items), item=shown)

    def _whole(self, item: Fields) -> bytes:
        out = b"".join(self._emitter.item(len(self._items), item))
        self._items.append(item)
        return out

    def _think(self, text: str) -> bytes:
        assert self._thought is not None
        out = b""
        if not self._thought.text:
            part = {"type": "summary_text", "text": ""}
            out = self._emitter.event("response.reasoning_summary_part.added", **self._place, part=part)
        self._thought.text += text
        return out + self._emitter.event("response.reasoning_summary_text.delta", **self._place, delta=text)

    def _cite(self, citation: Fields) -> bytes:
        assert self._part is not None
        maker = "openai" if citation.get("type") == "url_citation" else ""
        out = b""
        for note in annotations_of(Text(self._part["text"], citations=[citation], maker=maker)):
            fields = {**self._place, "annotation_index": len(self._part["annotations"]), "annotation": note}
            out += self._emitter.event("response.output_text.annotation.added", **fields)
            self._part["annotations"].append(note)
        return out

    def _end_part(self) -> bytes:
        """A part of a message ends; any other item ends with its part."""
        if self._part is None:
            return self._close()
        assert self._open is not None
        part, place = self._part, self._place
        out = self._emitter.text_done(place, part) + self._emitter.event(
            "response.content_part.done", **place, part=part
        )
        self._open["content"].append(part)
        self._part = None
        return out

    def _close(self) -> bytes:
        """The open item is done."""
        item = self._open
        if item is None:
            return b""
        out = self._end_part() if self._part is not None else b""
        emitter, place = self._emitter, self._place
        if self._thought is not None:
            item = reasoning_item(self._thought) | {"id": self._item_id}
            for part in objects_of(item["summary"]):
                out += emitter.event("response.reasoning_summary_text.done", **place, text=part["text"])
                out += emitter.event("response.reasoning_summary_part.done", **place, part=part)
            self._thought = None
        elif item.get("type") == "function_call":
            item["arguments"] = item["arguments"] or "{}"
            out += emitter.arguments_done(place, item["arguments"], item["name"])
        elif item.get("type") == "custom_tool_call":
            out += emitter.event("response.custom_tool_call_input.done", **place, input=item["input"])
        out += emitter.event("response.output_item.done", output_index=len(self._items), item=item)
        self._items.append(item)
        self._open = None
        return out
