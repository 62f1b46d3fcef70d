"""Watching a stream of typed events: bytes pass untouched, facts come from the event that ends it."""

from __future__ import annotations

import msgspec

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.wire.responses.facts import CALLS, UNTOLD, Response, facts_of, read_response
from headgate.wire.shape import ReplyFacts, StreamWatch
from headgate.wire.sse import Splitter, read_event, split_events

# of the many events only these tell something of the whole; each begins its data with its type or is named so
_TELLING = (
    b"response.completed",
    b"response.incomplete",
    b"response.failed",
    b'"error"',
    b"event: error",
    b"response.created",
)
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    response: msgspec.Raw = UNTOLD


_decode = msgspec.json.Decoder(_Event).decode


def watch(call: Call) -> StreamWatch:  # noqa: ARG001 - all clients of this format get usage
    """The watch for a call's stream."""
    return Watch()


class Watch:
    """Reads the events that tell of the whole answer; all others pass unread."""

    __slots__ = ("_response", "_splitter", "_tools", "done", "error")

    def __init__(self) -> None:
        self.done = False
        self.error: bytes | None = None
        self._splitter = Splitter()
        self._response = Response()
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
        if self._response.status is None:  # has not begun, or is not of this wire
            return ReplyFacts(Usage(), b"", "", self._tools, self._response.model)
        facts = facts_of(self._response)
        return (
            facts
            if self.done
            else msgspec.structs.replace(facts, finish="", tool_calls=self._tools or facts.tool_calls)
        )

    def _look(self, block: bytes) -> None:
        if not self._tools and any(b'"%b"' % kind.encode() in block for kind in CALLS):
            self._tools = True
        if not any(word in block for word in _TELLING):
            return
        events, rest = split_events(block)
        for event in [*events, rest] if rest else events:
            if any(word in event for word in _TELLING):
                self._read(event)

    def _read(self, event: bytes) -> None:
        fields = read_event(event)
        if fields.data is None:
            return
        try:
            told = _decode(fields.data)
        except (ValueError, RecursionError):
            if fields.name == b"error":
                self.error = fields.data
            return
        if told.type == "error" or fields.name == b"error":
            self.error = fields.data
        elif told.type in _ENDS or told.type == "response.created":
            self._take(told)

    def _take(self, told: _Event) -> None:
        try:
            self._response = read_response(told.response)
        except ValueError:
            return
        self.done = told.type in _ENDS
        if told.type == "response.failed":
            error = bytes(self._response.error)
            self.error = b'{"error":' + (error if error.startswith(b"{") else b"{}") + b"}"
