"""Converse's answers, its streams and its errors in the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.kernel import json
from headgate.kernel.errors import ProviderError
from headgate.wire.bedrock.blocks import citation_of, read_block
from headgate.wire.bedrock.event_stream import Frames, Message
from headgate.wire.events import Parts
from headgate.wire.neutral import (
    ArgumentsDelta,
    Choice,
    CitationTold,
    Event,
    Failed,
    Fields,
    Finish,
    Finished,
    Image,
    Opaque,
    Reply,
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
from headgate.wire.node import answer_of, count_of, object_of, objects_of, text_of

FINISHES: dict[str, Finish] = {
    "end_turn": "stop", "tool_use": "tool", "max_tokens": "length", "stop_sequence": "stop_sequence",
    "guardrail_intervened": "refusal", "content_filtered": "refusal", "model_context_window_exceeded": "context",
}  # fmt: skip
STATUS = {
    "validationException": 400, "throttlingException": 429, "serviceUnavailableException": 503,
    "modelStreamErrorException": 424, "internalServerException": 500, "modelTimeoutException": 408,
    "accessDeniedException": 403, "resourceNotFoundException": 404, "modelNotReadyException": 429,
}  # fmt: skip
_TIERS = frozenset({"flex", "priority"})
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_reply(body: bytes) -> Reply:
    """A provider's answer. Raises ValueError when it is no JSON object."""
    answer = answer_of(body)
    message = object_of(object_of(answer.get("output")).get("message"))
    parts = [read_block(block) for block in objects_of(message.get("content"))]
    finish = FINISHES.get(text_of(answer.get("stopReason")), "other")
    return Reply("", "", [Choice(parts, finish)], usage_in(answer, body), "bedrock")


def usage_in(fields: Fields, body: bytes) -> Tokens:
    """The usage of an answer or of the last message of a stream."""
    raw = bytes(_members(body).get("usage", msgspec.Raw(b"")))
    tokens = tokens_of(raw)
    tier = text_of(object_of(fields.get("serviceTier")).get("type"))
    tokens.tier = tier if tier in _TIERS else ""
    return tokens


def tokens_of(raw: bytes) -> Tokens:
    """Token classes. What came from the caches or went to them is told beside `inputTokens`."""
    told: Any = json.decode(raw) if raw.startswith(b"{") else {}
    if not isinstance(told.get("inputTokens"), int):
        return Tokens(raw=raw)
    read, written = count_of(told.get("cacheReadInputTokens")), count_of(told.get("cacheWriteInputTokens"))
    long = sum(
        count_of(each.get("inputTokens"))
        for each in objects_of(told.get("cacheDetails"))
        if each.get("ttl") == "1h"
    )
    return Tokens(
        input=count_of(told["inputTokens"]) + read + written,
        output=count_of(told.get("outputTokens")),
        cache_read=read,
        cache_write=written,
        cache_write_1h=min(long, written),
        known=True,
        raw=raw,
    )


def read_error(status: int, body: bytes) -> Failed:
    """A provider's refusal, as far as it can be read."""
    try:
        told = answer_of(body)
    except ValueError:
        told = {}
    message = text_of(told.get("message")) or text_of(told.get("Message"))
    kind = text_of(told.get("__type")).rpartition("#")[2]
    return Failed(status, message or f"The provider refused the request with status {status}.", kind)


class ConverseReader:
    """Reads a provider's stream: binary messages, as they come from the connection."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._parts = Parts()
        self._failed = False

    def feed(self, chunk: bytes) -> list[Event]:
        out: list[Event] = []
        for message in self._frames.feed(chunk):
            if not self._failed:
                self._read(message, out)
        return out

    def finish(self) -> list[Event]:
        if not self._frames.is_between_messages:
            raise ProviderError("The provider's stream ended inside a message.", reason="incomplete")
        out: list[Event] = []
        self._parts.end(out)
        return out

    def _read(self, message: Message, out: list[Event]) -> None:
        try:
            fields = answer_of(message.payload) if message.payload else {}
        except ValueError as error:
            raise ProviderError(
                "The provider sent a message in its stream that is not JSON.", reason="protocol"
            ) from error
        if message.kind != "event" or message.name in STATUS:
            self._failed = True
            told = text_of(fields.get("message")) or message.headers.get(":error-message", "")
            status = count_of(fields.get("originalStatusCode")) or STATUS.get(_lower(message.name), 500)
            out.append(
                Failed(status, told or "The provider failed in the middle of its answer.", message.name)
            )
            return
        match message.name:
            case "messageStart":
                out.append(Started())
            case "contentBlockStart":
                self._start(fields, out)
            case "contentBlockDelta":
                self._delta(count_of(fields.get("contentBlockIndex")), object_of(fields.get("delta")), out)
            case "contentBlockStop":
                self._parts.end(out)
            case "messageStop":
                self._parts.end(out)
                out.append(Finished(FINISHES.get(text_of(fields.get("stopReason")), "other")))
            case "metadata":
                out.append(UsageTold(usage_in(fields, message.payload)))
            case _:
                pass

    def _start(self, fields: Fields, out: list[Event]) -> None:
        index, start = count_of(fields.get("contentBlockIndex")), object_of(fields.get("start"))
        use = object_of(start.get("toolUse"))
        if use and use.get("type") != "server_tool_use":
            self._parts.at(index, ToolCall(text_of(use.get("toolUseId")), text_of(use.get("name"))), out)
        elif start:
            self._parts.at(index, Opaque("bedrock", next(iter(start)), start), out)

    def _delta(self, index: int, delta: Fields, out: list[Event]) -> None:
        if "text" in delta:
            out.append(
                TextDelta(self._parts.at(index, Text("", maker="bedrock"), out), text_of(delta["text"]))
            )
        elif use := object_of(delta.get("toolUse")):
            if (text := text_of(use.get("input"))) and self._parts.is_open(index):
                out.append(ArgumentsDelta(self._parts.number, text))
        elif thought := object_of(delta.get("reasoningContent")):
            redacted = text_of(thought.get("redactedContent"))
            at = self._parts.at(index, Thinking(redacted=redacted, maker="bedrock"), out)
            if text := text_of(thought.get("text")):
                out.append(ThinkingDelta(at, text))
            if signature := text_of(thought.get("signature")):
                out.append(SignatureDelta(at, signature))
        elif citation := object_of(delta.get("citation")):
            out.append(
                CitationTold(self._parts.at(index, Text("", maker="bedrock"), out), citation_of(citation))
            )
        elif image := object_of(delta.get("image")):
            part = read_block({"image": image})
            if isinstance(part, Image) and part.source.data:
                self._parts.at(object(), part, out)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
