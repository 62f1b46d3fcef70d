"""Watching a stream of `streamGenerateContent`: bytes pass untouched. It has no last event; the end of the body is its end."""

from __future__ import annotations

from headgate.call.call import Call
from headgate.wire.google.facts import UNTOLD, Gathered, read_answer
from headgate.wire.shape import ReplyFacts, StreamWatch
from headgate.wire.sse import Splitter, read_event, split_events


def watch(call: Call) -> StreamWatch:  # noqa: ARG001 - all clients of this format get usage
    """The watch for a call's stream."""
    return Watch()


class Watch:
    """Reads each event, as each tells the usage so far."""

    __slots__ = ("_gathered", "_splitter", "done", "error")

    def __init__(self) -> None:
        self.done = False
        self.error: bytes | None = None
        self._splitter = Splitter()
        self._gathered = Gathered()

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
        return self._gathered.facts()

    def _look(self, block: bytes) -> None:
        events, rest = split_events(block)
        for event in [*events, rest] if rest else events:
            data = read_event(event).data
            if data is None:
                continue
            try:
                answer = read_answer(data)
            except ValueError:
                continue
            if answer.error is not UNTOLD:
                self.error = data
            self._gathered.take(answer)
