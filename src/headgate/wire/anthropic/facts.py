"""The facts of an Anthropic answer, whole or while it streams. Reasons to stop are told in the words of the record."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.wire.anthropic.replies import FINISHES
from headgate.wire.anthropic.usage import UsageReader, tokens_of
from headgate.wire.events import data_of
from headgate.wire.neutral import Finish, Tokens
from headgate.wire.node import object_of, text_of
from headgate.wire.shape import ReplyFacts, StreamWatch
from headgate.wire.sse import Event as SseEvent
from headgate.wire.sse import Splitter, read_event, split_events

RECORDED: dict[Finish, str] = {
    "stop": "stop", "stop_sequence": "stop", "length": "length", "context": "length", "tool": "tool_calls",
    "refusal": "content_filter", "pause": "pause", "other": "other",
}  # fmt: skip
CALL_BLOCKS = ("tool_use", "server_tool_use")
_NO_RAW = msgspec.Raw(b"")
# of the many events only these tell something of the whole
_TELLING = (b"message_start", b"message_delta", b"message_stop", b'"error"', b"event: error")
_TOOL_USE = (b'"tool_use"', b'"server_tool_use"')


class _Block(msgspec.Struct, gc=False):
    type: str = ""


class _Answer(msgspec.Struct, gc=False):
    model: str = ""
    stop_reason: str | None = None
    content: list[_Block] | None = None
    usage: msgspec.Raw = _NO_RAW


_decode = msgspec.json.Decoder(_Answer).decode


def recorded(reason: str | None) -> str:
    """A reason to stop in the words of the record; empty when there is none yet."""
    return RECORDED[FINISHES.get(reason, "other")] if reason else ""


def priced(tokens: Tokens) -> Usage:
    """Token classes as they are priced: here the cache's share is part of the prompt."""
    return Usage(
        tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning, tokens.known,
        tokens.cache_write_1h, tier=tokens.tier,
    )  # fmt: skip


def read_reply(body: bytes) -> ReplyFacts:
    """The facts of a whole answer. Raises ValueError when it is no JSON object."""
    try:
        answer = _decode(body)
    except msgspec.ValidationError:
        answer = _lenient(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    raw = bytes(answer.usage)
    calls = any(block.type in CALL_BLOCKS for block in answer.content or ())
    finish = recorded(answer.stop_reason)
    return ReplyFacts(priced(tokens_of(raw)), raw, finish, calls, answer.model, finish == "content_filter")


def _lenient(body: bytes) -> _Answer:
    parsed = json.decode(body)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the value of the bytes is wrong, as with broken JSON
    fields = cast("dict[str, Any]", parsed)
    reason = fields.get("stop_reason")
    answer = _Answer(text_of(fields.get("model")), reason if isinstance(reason, str) else None)
    if usage := object_of(fields.get("usage")):
        answer.usage = msgspec.Raw(json.encode(usage))
    return answer


def watch(call: Call) -> StreamWatch:  # noqa: ARG001 - every watch is made of its call
    """The watch for a call's stream."""
    return MessageWatch()


class MessageWatch:
    """Bytes pass untouched; the few events that tell of the whole answer are read."""

    __slots__ = ("_finish", "_model", "_splitter", "_tools", "_usage", "done", "error")

    def __init__(self) -> None:
        self.done = False
        self.error: bytes | None = None
        self._splitter = Splitter()
        self._usage = UsageReader()
        self._finish = ""
        self._model = ""
        self._tools = False

    def feed(self, chunk: bytes) -> bytes:
        block = self._splitter.feed(chunk)
        if block:
            self._look(block)
        return chunk

    def finish(self) -> bytes:
        rest = self._splitter.finish()
        if rest:
            self._look(rest)
        return b""

    def facts(self) -> ReplyFacts:
        tokens = self._usage.tokens
        refused = self._finish == "content_filter"
        return ReplyFacts(priced(tokens), tokens.raw, self._finish, self._tools, self._model, refused)

    def _look(self, block: bytes) -> None:
        if not self._tools and any(word in block for word in _TOOL_USE):
            self._tools = True
        if not any(word in block for word in _TELLING):
            return
        events, rest = split_events(block)
        for event in [*events, rest] if rest else events:
            if any(word in event for word in _TELLING):
                self._read(read_event(event))

    def _read(self, event: SseEvent) -> None:
        fields = data_of(event)
        kind = fields.get("type")
        if kind == "message_start":
            message = object_of(fields.get("message"))
            self._model = text_of(message.get("model"))
            self._usage.add(object_of(message.get("usage")))
        elif kind == "message_delta":
            self._finish = (
                recorded(text_of(object_of(fields.get("delta")).get("stop_reason"))) or self._finish
            )
            self._usage.add(object_of(fields.get("usage")))
        elif kind == "message_stop":
            self.done = True
        elif kind == "error" or event.name == b"error":
            self.error = event.data
