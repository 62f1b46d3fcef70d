"""Streams of `streamGenerateContent`: a provider's chunks in the neutral form, and neutral events as chunks for a client."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from typing_extensions import override

from headgate.wire.events import Parts, SseReader, data_of
from headgate.wire.google.facts import tokens_of
from headgate.wire.google.parts import Calls, call_fields, read_part, thought_fields
from headgate.wire.google.replies import (
    REASONS,
    blocked,
    citations_of,
    error_fields,
    failed_of,
    finish_of,
    part_fields,
    usage_fields,
)
from headgate.wire.neutral import (
    ArgumentsDelta,
    CitationTold,
    Event,
    Failed,
    Fields,
    Finished,
    PartEnded,
    PartStarted,
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
from headgate.wire.sse import Event as SseEvent
from headgate.wire.sse import data_event

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _Candidate:
    """What is known of one candidate while its chunks come in."""

    __slots__ = ("called", "calls", "finished", "number", "parts")

    def __init__(self, number: int) -> None:
        self.number = number
        self.parts = Parts(number)
        self.calls = Calls()
        self.called = False
        self.finished = False


class GenerateReader(SseReader):
    """Reads a provider's stream."""

    def __init__(self) -> None:
        super().__init__()
        self._candidates: dict[int, _Candidate] = {}
        self._started = False
        self._failed = False

    @override
    def _end(self, out: list[Event]) -> None:
        for candidate in self._candidates.values():
            candidate.parts.end(out)

    @override
    def _read(self, event: SseEvent, out: list[Event]) -> None:
        fields = data_of(event)
        if self._failed or not fields:
            return
        if error := object_of(fields.get("error")):
            self._failed = True
            out.append(failed_of(error))
            return
        if not self._started:
            self._started = True
            out.append(Started(text_of(fields.get("responseId")), text_of(fields.get("modelVersion"))))
        if object_of(fields.get("usageMetadata")) and event.data is not None:
            out.append(UsageTold(tokens_of(bytes(_members(event.data)["usageMetadata"]))))
        for place, each in enumerate(objects_of(fields.get("candidates"))):
            number = count_of(each.get("index", place))
            self._read_candidate(self._candidates.setdefault(number, _Candidate(number)), each, out)
        if blocked(fields):
            out.append(Finished("refusal"))

    def _read_candidate(self, candidate: _Candidate, fields: Fields, out: list[Event]) -> None:
        number, parts = candidate.number, candidate.parts
        for each in objects_of(object_of(fields.get("content")).get("parts")):
            for part in read_part(each, candidate.calls):
                self._read_part(candidate, part, out)
        for citation in citations_of(fields):
            out.append(CitationTold(parts.at("text", Text("", maker="google"), out), citation, number))
        if (reason := text_of(fields.get("finishReason"))) and not candidate.finished:
            candidate.finished = True
            parts.end(out)
            out.append(Finished(finish_of(reason, called=candidate.called), choice=number))

    def _read_part(self, candidate: _Candidate, part: object, out: list[Event]) -> None:
        number, parts = candidate.number, candidate.parts
        match part:
            case Text():
                if part.text:
                    out.append(TextDelta(parts.at("text", Text("", maker="google"), out), part.text, number))
            case Thinking():
                at = parts.at("thought", Thinking(maker=part.maker), out)
                if part.text:
                    out.append(ThinkingDelta(at, part.text, number))
                if part.signature:
                    out.append(SignatureDelta(at, part.signature, number))
                    parts.end(out)
            case ToolCall():
                candidate.called = True
                begins = msgspec.structs.replace(part, arguments="")
                at = parts.at(part.id, begins, out)
                out.append(ArgumentsDelta(at, part.arguments, number))
                parts.end(out)
            case _:
                parts.at(object(), part, out)  # type: ignore[arg-type]  # media and the provider's own, whole
                parts.end(out)


class GenerateWriter:
    """Writes a stream for a client: texts as they come, calls when they are whole, usage with the end."""

    def __init__(self, request: Request) -> None:
        self._head: Fields = {"modelVersion": request.model, "responseId": ""}
        self._calls: dict[tuple[int, int], ToolCall] = {}
        self._thoughts: dict[tuple[int, int], Thinking] = {}
        self._tokens = Tokens()
        self._ends: dict[int, str] = {}
        self._failed = False

    def write(self, events: Sequence[Event]) -> bytes:
        return b"".join([self._write(event) for event in events if not self._failed])

    def finish(self) -> bytes:
        if self._failed or not self._ends:
            return b""
        candidates: list[Fields] = []
        for choice, reason in sorted(self._ends.items()):
            content: Fields = {"role": "model", "parts": [{"text": ""}]}
            candidates.append({"content": content, "finishReason": reason, "index": choice})
        usage: Fields = {"usageMetadata": usage_fields(self._tokens)} if self._tokens.known else {}
        return data_event({"candidates": candidates} | usage | self._head)

    def _write(self, event: Event) -> bytes:
        match event:
            case Started():
                self._head = {
                    "modelVersion": event.model or self._head["modelVersion"],
                    "responseId": event.id,
                }
                self._take(event.tokens)
            case UsageTold():
                self._take(event.tokens)
            case Finished():
                self._ends[event.choice] = REASONS[event.finish]
            case Failed():
                self._failed = True
                return data_event(error_fields(event))
            case _:
                return self._write_part(event)
        return b""

    def _take(self, tokens: Tokens | None) -> None:
        if tokens is not None and tokens.known:
            self._tokens = tokens

    def _write_part(self, event: Event) -> bytes:
        match event:
            case PartStarted():
                return self._begin(event)
            case TextDelta() if event.text:
                return self._chunk(event.choice, {"text": event.text})
            case ThinkingDelta() if event.text:
                return self._chunk(event.choice, {"text": event.text, "thought": True})
            case SignatureDelta():
                place = (event.choice, event.at)
                held = self._thoughts.get(place) or self._calls.get(place)
                if held is not None:
                    held.signature += event.signature
            case ArgumentsDelta():
                if (call := self._calls.get((event.choice, event.at))) is not None:
                    call.arguments += event.text
            case PartEnded():
                return self._end(event)
            case _:
                pass
        return b""

    def _begin(self, event: PartStarted) -> bytes:
        part, place = event.part, (event.choice, event.at)
        if isinstance(part, ToolCall):
            self._calls[place] = msgspec.structs.replace(part)
            return b""
        if isinstance(part, Thinking):
            self._thoughts[place] = msgspec.structs.replace(part, text="")
            return self._chunk(event.choice, {"text": part.text, "thought": True}) if part.text else b""
        shown = [fields for fields in part_fields(part) if fields.get("text") != ""]
        return b"".join([self._chunk(event.choice, fields) for fields in shown])

    def _end(self, event: PartEnded) -> bytes:
        place = (event.choice, event.at)
        if (call := self._calls.pop(place, None)) is not None:
            return self._chunk(event.choice, call_fields(call))
        thought = self._thoughts.pop(place, None)
        if thought is None or not (thought.signature or thought.redacted):
            return b""
        return self._chunk(event.choice, thought_fields(thought))

    def _chunk(self, choice: int, part: Fields) -> bytes:
        content: Fields = {"role": "model", "parts": [part]}
        return data_event({"candidates": [{"content": content, "index": choice}]} | self._head)
