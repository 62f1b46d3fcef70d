"""Chat completions streams: a provider's chunks as neutral events, and neutral events as chunks for a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from typing_extensions import override

from headgate.kernel import json
from headgate.wire.chat.parts import call_fields, thinking_block, thinking_of
from headgate.wire.chat.replies import (
    FINISHES,
    REASONS,
    annotations_of,
    error_fields,
    tokens_of,
    usage_fields,
)
from headgate.wire.events import Parts, SseReader, data_of, failed_of
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
    ToolCall,
    UsageTold,
)
from headgate.wire.node import count_of, object_of, objects_of, text_of
from headgate.wire.sse import DONE, DONE_EVENT, data_event
from headgate.wire.sse import Event as SseEvent

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _Choice:
    """What is known of one choice while its chunks come in."""

    __slots__ = ("called", "finished", "number", "parts")

    def __init__(self, number: int) -> None:
        self.number = number
        self.parts = Parts(number)
        self.called = False
        self.finished = False


class ChatReader(SseReader):
    """Reads a provider's stream."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, _Choice] = {}
        self._started = False
        self._failed = False
        self._done = False

    @override
    def _end(self, out: list[Event]) -> None:
        for choice in self._choices.values():
            choice.parts.end(out)
            if (
                self._done and not choice.finished and not self._failed
            ):  # [DONE] without a reason is an end too
                out.append(Finished("tool" if choice.called else "stop", choice=choice.number))

    @override
    def _read(self, event: SseEvent, out: list[Event]) -> None:
        if event.data == DONE:
            self._done = True
            return
        chunk = data_of(event)
        error = chunk.get("error")
        if error or event.name == b"error":
            self._failed = True
            out.append(
                failed_of(object_of(error) or ({"message": error} if isinstance(error, str) else chunk))
            )
            return
        if not chunk or self._failed:
            return
        if not self._started:
            self._started = True
            out.append(
                Started(text_of(chunk.get("id")), text_of(chunk.get("model")), count_of(chunk.get("created")))
            )
        for fields in objects_of(chunk.get("choices")):
            self._read_choice(fields, out)
        if object_of(chunk.get("usage")) and event.data is not None:
            out.append(UsageTold(tokens_of(bytes(_members(event.data)["usage"]))))

    def _read_choice(self, fields: Fields, out: list[Event]) -> None:
        number = count_of(fields.get("index"))
        choice = self._choices.setdefault(number, _Choice(number))
        self._read_delta(
            choice, object_of(fields.get("delta")), object_of(fields.get("logprobs")) or None, out
        )
        if (reason := text_of(fields.get("finish_reason"))) and not choice.finished:
            choice.finished = True
            choice.parts.end(out)
            finish = FINISHES.get(reason, "other")
            out.append(Finished("tool" if finish == "stop" and choice.called else finish, choice=number))

    def _read_delta(self, choice: _Choice, delta: Fields, logprobs: Fields | None, out: list[Event]) -> None:
        number, parts = choice.number, choice.parts
        if thought := text_of(delta.get("reasoning_content")) or text_of(delta.get("reasoning")):
            out.append(ThinkingDelta(parts.at("thinking", Thinking(), out), thought, number))
        for block in objects_of(delta.get("thinking_blocks")):
            self._read_block(choice, thinking_of(block), out)
        if text := text_of(delta.get("content")):
            out.append(TextDelta(parts.at("text", Text(""), out), text, number, logprobs))
        for citation in objects_of(delta.get("annotations")):
            out.append(CitationTold(parts.at("text", Text("", maker="openai"), out), citation, number))
        if refusal := text_of(delta.get("refusal")):
            out.append(TextDelta(parts.at("refusal", Refusal(""), out), refusal, number, logprobs))
        for place, call in enumerate(objects_of(delta.get("tool_calls"))):
            self._read_call(choice, call, place, out)
        if older := object_of(delta.get("function_call")):
            choice.called = True
            at = parts.at("function", ToolCall("call_0", text_of(older.get("name"))), out)
            if arguments := text_of(older.get("arguments")):
                out.append(ArgumentsDelta(at, arguments, number))

    def _read_block(self, choice: _Choice, told: Thinking, out: list[Event]) -> None:
        """A signed thought, told once its text has been; or one that only its maker can read."""
        if told.redacted:
            choice.parts.at(("redacted", told.redacted), told, out)
            choice.parts.end(out)
        elif told.signature:
            at = choice.parts.at("thinking", msgspec.structs.replace(told, signature=""), out)
            out.append(SignatureDelta(at, told.signature, choice.number))
            choice.parts.end(out)

    def _read_call(self, choice: _Choice, call: Fields, place: int, out: list[Event]) -> None:
        choice.called = True
        told = call.get("index")
        key: Any = (
            ("call", told) if told is not None else ("id", call["id"]) if call.get("id") else ("call", place)
        )
        custom = object_of(call.get("custom"))
        function = custom or object_of(call.get("function"))
        google = object_of(object_of(call.get("extra_content")).get("google"))
        signature = text_of(google.get("thought_signature"))
        begins = ToolCall(
            text_of(call.get("id")), text_of(function.get("name")), custom=bool(custom), signature=signature
        )
        at = choice.parts.at(key, begins, out)
        arguments = function.get("input" if custom else "arguments")
        if isinstance(arguments, dict):
            arguments = json.encode(arguments).decode()
        if text := text_of(arguments):
            out.append(ArgumentsDelta(at, text, choice.number))


class ChatWriter:
    """Writes a stream for a client. Usage always stands at its end, as with a provider that was asked for it."""

    def __init__(self, request: Request) -> None:
        self._functions = request.functions
        self._head: Fields = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": request.model,
        }
        self._roles: set[int] = set()
        self._refusals: set[tuple[int, int]] = set()
        self._customs: set[tuple[int, int]] = set()
        self._calls: dict[tuple[int, int], int] = {}  # (choice, part) -> place among the choice's calls
        self._counts: dict[int, int] = {}
        self._thoughts: dict[tuple[int, int], Thinking] = {}
        self._usage: Fields | None = None
        self._finished = False
        self._failed = False

    def write(self, events: Sequence[Event]) -> bytes:
        return b"".join([self._write(event) for event in events if not self._failed])

    def finish(self) -> bytes:
        if self._failed or not self._finished:
            return b""
        if self._usage is None:
            return DONE_EVENT
        last: Fields = {"choices": [], "usage": self._usage}
        return data_event(self._head | last) + DONE_EVENT

    def _write(self, event: Event) -> bytes:
        match event:
            case Started():
                told = {"id": event.id, "created": event.created, "model": event.model or self._head["model"]}
                self._head |= told
            case UsageTold():
                self._usage = usage_fields(event.tokens) if event.tokens.known else self._usage
            case Finished():
                return self._finish(event)
            case Failed():
                self._failed = True
                return data_event(error_fields(event)) + DONE_EVENT
            case _:
                return self._write_part(event)
        return b""

    def _write_part(self, event: Event) -> bytes:
        """What belongs to one part of the answer."""
        match event:
            case PartStarted():
                return self._part(event)
            case TextDelta():
                key = "refusal" if (event.choice, event.at) in self._refusals else "content"
                return self._chunk(event.choice, {key: event.text}, event.logprobs)
            case ThinkingDelta():
                self._thoughts[event.choice, event.at].text += event.text
                return self._chunk(event.choice, {"reasoning_content": event.text})
            case SignatureDelta():
                if thought := self._thoughts.get((event.choice, event.at)):
                    thought.signature += event.signature
            case ArgumentsDelta():
                return self._arguments(event)
            case CitationTold():
                return self._citation(event)
            case PartEnded():
                return self._part_ended(event)
            case _:
                pass
        return b""

    def _chunk(
        self, choice: int, delta: Fields, logprobs: Fields | None = None, reason: str | None = None
    ) -> bytes:
        if choice not in self._roles:
            self._roles.add(choice)
            first: Fields = {"role": "assistant", "content": "", "refusal": None}
            return self._chunk(choice, first) + self._chunk(choice, delta, logprobs, reason)
        fields: Fields = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return data_event(self._head | {"choices": [fields]})

    def _part(self, event: PartStarted) -> bytes:
        part, place = event.part, (event.choice, event.at)
        if isinstance(part, Refusal):
            self._refusals.add(place)
            return self._chunk(event.choice, {"refusal": part.text}) if part.text else b""
        if isinstance(part, Text):
            return self._chunk(event.choice, {"content": part.text}) if part.text else b""
        if isinstance(part, Thinking):
            self._thoughts[place] = msgspec.structs.replace(part)
            return self._chunk(event.choice, {"reasoning_content": part.text}) if part.text else b""
        if not isinstance(part, ToolCall):
            return b""
        index = self._counts.get(event.choice, 0)
        self._counts[event.choice] = index + 1
        self._calls[place] = index
        if self._functions:
            return self._chunk(
                event.choice, {"function_call": {"name": part.name, "arguments": part.arguments}}
            )
        if part.custom:
            self._customs.add(place)
        call = call_fields(part)
        call["custom" if part.custom else "function"]["input" if part.custom else "arguments"] = (
            part.arguments
        )
        return self._chunk(event.choice, {"tool_calls": [{"index": index} | call]})

    def _arguments(self, event: ArgumentsDelta) -> bytes:
        if self._functions:
            return self._chunk(event.choice, {"function_call": {"arguments": event.text}})
        place = (event.choice, event.at)
        told: Fields = (
            {"custom": {"input": event.text}}
            if place in self._customs
            else {"function": {"arguments": event.text}}
        )
        return self._chunk(event.choice, {"tool_calls": [{"index": self._calls[place]} | told]})

    def _citation(self, event: CitationTold) -> bytes:
        maker = "openai" if event.citation.get("type") == "url_citation" else ""
        told = annotations_of([Text("", citations=[event.citation], maker=maker)])
        return self._chunk(event.choice, {"annotations": told}) if told else b""

    def _part_ended(self, event: PartEnded) -> bytes:
        """Signed thoughts are told once more when they are whole, for the client to send back."""
        thought = self._thoughts.pop((event.choice, event.at), None)
        if thought is None or not (thought.signature or thought.redacted):
            return b""
        return self._chunk(event.choice, {"thinking_blocks": [thinking_block(thought)]})

    def _finish(self, event: Finished) -> bytes:
        self._finished = True
        reason = REASONS[event.finish]
        if reason == "tool_calls" and self._functions:
            reason = "function_call"
        return self._chunk(event.choice, {}, None, reason)
