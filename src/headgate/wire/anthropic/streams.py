"""Anthropic streams: a provider's events in the neutral form, and neutral events as a stream for a client."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from headgate.kernel import json
from headgate.wire.anthropic.errors import error_fields
from headgate.wire.anthropic.replies import FINISHES, REASONS, read_block, write_block
from headgate.wire.anthropic.usage import UsageReader, usage_fields
from headgate.wire.events import Parts, SseReader, data_of
from headgate.wire.neutral import (
    ArgumentsDelta,
    CitationTold,
    Event,
    Failed,
    Fields,
    Finished,
    Opaque,
    PartEnded,
    PartStarted,
    Request,
    SignatureDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    Tokens,
    ToolCall,
    UsageTold,
)
from headgate.wire.node import count_of, object_of, text_of
from headgate.wire.sse import Event as SseEvent

_STATUS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip


def event_bytes(name: str, fields: Fields) -> bytes:
    """One event: its type is its name too."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json.encode({"type": name} | fields))


class MessageReader(SseReader):
    """Reads a provider's stream."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = Parts()
        self._usage = UsageReader()
        self._held: dict[int, Fields] = {}  # blocks of server tools: complete only at their end
        self._inputs: dict[int, list[str]] = {}

    @override
    def _end(self, out: list[Event]) -> None:
        self._parts.end(out)

    @override
    def _read(self, event: SseEvent, out: list[Event]) -> None:
        fields = data_of(event)
        kind = fields.get("type")
        if kind == "message_start":
            message = object_of(fields.get("message"))
            self._usage.add(object_of(message.get("usage")))
            out.append(
                Started(text_of(message.get("id")), text_of(message.get("model")), tokens=self._usage.tokens)
            )
        elif kind == "content_block_start":
            self._start(count_of(fields.get("index")), object_of(fields.get("content_block")), out)
        elif kind == "content_block_delta":
            self._delta(count_of(fields.get("index")), object_of(fields.get("delta")), out)
        elif kind == "content_block_stop":
            self._stop(count_of(fields.get("index")), out)
        elif kind == "message_delta":
            self._usage.add(object_of(fields.get("usage")))
            delta = object_of(fields.get("delta"))
            out.append(UsageTold(self._usage.tokens))
            if reason := text_of(delta.get("stop_reason")):
                self._parts.end(out)
                out.append(Finished(FINISHES.get(reason, "other"), text_of(delta.get("stop_sequence"))))
        elif kind == "error":
            error = object_of(fields.get("error"))
            told = text_of(error.get("type"))
            message = text_of(error.get("message")) or "The provider failed in the middle of its answer."
            out.append(Failed(_STATUS.get(told, 500), message, told))

    def _start(self, index: int, block: Fields, out: list[Event]) -> None:
        part = read_block(block)
        if isinstance(part, Opaque):
            self._held[index] = block
            return
        if isinstance(part, ToolCall):
            self._inputs[index] = []
            if part.arguments == "{}":
                part.arguments = ""  # the beginning of what is told in deltas
        self._parts.at(index, part, out)

    def _delta(self, index: int, delta: Fields, out: list[Event]) -> None:
        kind = delta.get("type")
        if index in self._held:
            if kind == "input_json_delta":
                self._inputs.setdefault(index, []).append(text_of(delta.get("partial_json")))
            return
        if not self._parts.is_open(index):
            return
        at = self._parts.number
        if kind == "text_delta":
            out.append(TextDelta(at, text_of(delta.get("text"))))
        elif kind == "thinking_delta":
            out.append(ThinkingDelta(at, text_of(delta.get("thinking"))))
        elif kind == "signature_delta":
            out.append(SignatureDelta(at, text_of(delta.get("signature"))))
        elif kind == "citations_delta":
            out.append(CitationTold(at, object_of(delta.get("citation"))))
        elif kind == "input_json_delta" and (text := text_of(delta.get("partial_json"))):
            out.append(ArgumentsDelta(at, text))

    def _stop(self, index: int, out: list[Event]) -> None:
        held = self._held.pop(index, None)
        if held is not None:
            if told := "".join(self._inputs.pop(index, [])):
                held = held | {"input": _object_in(told)}
            self._parts.at(index, Opaque("anthropic", text_of(held.get("type")), held), out)
        self._parts.end(out)


def _object_in(text: str) -> Fields:
    try:
        return object_of(json.decode(text))
    except (ValueError, RecursionError):
        return {}


class MessageWriter:
    """Writes a stream for a client. Of several choices it tells the first: a message is one answer."""

    def __init__(self, request: Request) -> None:
        self._model = request.model
        self._tokens = Tokens()
        self._finish: Finished | None = None
        self._indexes: dict[int, int] = {}  # part -> block; some parts have no block
        self._started = False
        self._failed = False

    def write(self, events: Sequence[Event]) -> bytes:
        return b"".join([self._write(event) for event in events if not self._failed])

    def finish(self) -> bytes:
        if self._failed or self._finish is None:
            return b""
        ended = self._finish
        delta = {"stop_reason": REASONS[ended.finish], "stop_sequence": ended.stop_sequence or None}
        last = event_bytes("message_delta", {"delta": delta, "usage": usage_fields(self._tokens)})
        return self._start(Started()) + last + event_bytes("message_stop", {})

    def _write(self, event: Event) -> bytes:
        match event:
            case Started():
                return self._start(event)
            case Finished():
                self._finish = event if event.choice == 0 else self._finish
            case UsageTold():
                self._tokens = event.tokens if event.tokens.known else self._tokens
            case Failed():
                self._failed = True
                return event_bytes("error", {"error": error_fields(event.status, event.message)["error"]})
            case _:
                if event.choice == 0:
                    return self._write_part(event)
        return b""

    def _start(self, event: Started) -> bytes:
        if self._started:
            return b""
        self._started = True
        if event.tokens is not None and event.tokens.known:
            self._tokens = event.tokens
        message: Fields = {
            "id": event.id, "type": "message", "role": "assistant", "model": event.model or self._model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": usage_fields(self._tokens),
        }  # fmt: skip
        return event_bytes("message_start", {"message": message})

    def _write_part(self, event: Event) -> bytes:
        match event:
            case PartStarted():
                return self._start_block(event)
            case TextDelta():
                return self._delta(event.at, {"type": "text_delta", "text": event.text})
            case ThinkingDelta():
                return self._delta(event.at, {"type": "thinking_delta", "thinking": event.text})
            case SignatureDelta():
                return self._delta(event.at, {"type": "signature_delta", "signature": event.signature})
            case ArgumentsDelta():
                return self._delta(event.at, {"type": "input_json_delta", "partial_json": event.text})
            case CitationTold():
                if event.citation.get("type") == "url_citation":
                    return b""  # OpenAI's; this wire's name the place in the source
                return self._delta(event.at, {"type": "citations_delta", "citation": event.citation})
            case PartEnded() if event.at in self._indexes:
                return event_bytes("content_block_stop", {"index": self._indexes[event.at]})
            case _:
                return b""

    def _start_block(self, event: PartStarted) -> bytes:
        part = event.part
        text = ""
        if isinstance(part, ToolCall):
            text = part.arguments
            block: Fields | None = {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
        else:
            block = write_block(part)
        if block is None:
            return b""
        index = self._indexes[event.at] = len(self._indexes)
        head = self._start(Started()) + event_bytes(
            "content_block_start", {"index": index, "content_block": block}
        )
        return head + (
            self._delta(event.at, {"type": "input_json_delta", "partial_json": text}) if text else b""
        )

    def _delta(self, at: int, delta: Fields) -> bytes:
        index = self._indexes.get(at)
        return b"" if index is None else event_bytes("content_block_delta", {"index": index, "delta": delta})
