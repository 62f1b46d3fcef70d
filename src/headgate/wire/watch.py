"""Watching a stream in the `choices` shape: facts for the record, and usage hidden from a client who did not ask."""

from __future__ import annotations

import re
from typing import cast

import msgspec
from typing_extensions import override

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.wire.facts import (
    TOOL_FINISHES,
    UNTOLD,
    Answer,
    calls_tools,
    is_set,
    read_answer,
    usage_of,
    worse_finish,
)
from headgate.wire.members import remove
from headgate.wire.merge import merge_texts
from headgate.wire.shape import ReplyFacts, StreamView, StreamWatch
from headgate.wire.sse import DONE, DONE_EVENT, Splitter, read_event, split_events, with_data
from headgate.wire.usage import read_usage

MANY_BYTES = 1000  # of events: several, most likely, so that merging them pays
_USAGE = b'"usage"'
_NO_USAGE_AT_END = (
    b',"usage":null}\n\n'  # what closes here is the event's own object, so the member is its own too
)
_COMMA_USAGE = re.compile(rb',\s*"usage"\s*:\s*')
_PLAIN = b"data: "
_BETWEEN = b"\n\ndata: "

_decode_lines = msgspec.json.Decoder(Answer).decode_lines


def watch(call: Call) -> StreamWatch:
    """The watch for a call's stream."""
    return LightWatch() if cast(StreamView, call.view).wants_usage else HidingWatch()


class LightWatch:
    """The client asked for usage: bytes pass untouched, whole events are read in one go."""

    __slots__ = (
        "_finish",
        "_model",
        "_refused",
        "_splitter",
        "_tier",
        "_tool_calls",
        "_usage",
        "done",
        "error",
    )

    def __init__(self) -> None:
        self.done = False
        self.error: bytes | None = None
        self._splitter = Splitter()
        self._usage = b""
        self._tier: str | None = None
        self._finish = ""
        self._tool_calls = False
        self._refused = False
        self._model = ""

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
        usage = read_usage(self._usage, self._tier) if self._usage else Usage()
        tool_calls = self._tool_calls or self._finish in TOOL_FINISHES
        return ReplyFacts(usage, self._usage, self._finish, tool_calls, self._model, self._refused)

    def _look(self, block: bytes) -> None:
        """Read the events of `block`: all at once when each is one line of data, else one by one."""
        if len(block) > MANY_BYTES:
            block = merge_texts(block)
        if not block.startswith(_PLAIN) or not self._look_at_plain(block):
            for event in _events(block):
                self._read(event)

    def _look_at_plain(self, block: bytes) -> bool:
        """Did `block` turn out to be plain events, so that it is read now?"""
        done = block.endswith(DONE_EVENT) and (
            len(block) == len(DONE_EVENT) or block.endswith(b"\n\n" + DONE_EVENT)
        )
        body = block[len(_PLAIN) : -len(DONE_EVENT)] if done else block[len(_PLAIN) :]
        if body:
            lines = body.replace(_BETWEEN, b"\n")
            try:
                answers = _decode_lines(lines)
            except (ValueError, RecursionError):
                return False
            if len(answers) != 1 + (len(body) - len(lines)) // (len(_BETWEEN) - 1) or b"\r" in lines:
                return False
            for answer in answers:
                self._take(answer)
        self.done = self.done or done
        return True

    def _read(self, event: bytes) -> None:
        fields = read_event(event)
        data = fields.data
        if data is None:
            return
        if data == DONE:
            self.done = True
            return
        if fields.name == b"error":
            self.error = data
        try:
            answer = read_answer(data)
        except ValueError:
            return
        self._take(answer)

    def _take(self, answer: Answer) -> None:
        """Note what an event says. It runs for every event, and most say nothing."""
        if answer.model:
            self._model = answer.model
        if answer.usage is not UNTOLD:
            self._usage = usage_of(answer) or self._usage
            self._tier = answer.service_tier
        if answer.error is not UNTOLD and is_set(answer.error):
            self.error = b'{"error":' + bytes(answer.error) + b"}"
        for choice in answer.choices or ():
            if choice.finish_reason:
                self._finish = worse_finish(self._finish, choice.finish_reason)
            said = choice.delta
            if said is None:
                continue
            if said.tool_calls is not UNTOLD or said.function_call is not UNTOLD:
                self._tool_calls = self._tool_calls or calls_tools(said)
            if said.refusal:
                self._refused = True


class HidingWatch(LightWatch):
    """The client did not ask for usage, we did: it sees what a provider that was not asked would have sent."""

    __slots__ = ()

    @override
    def feed(self, chunk: bytes) -> bytes:
        block = self._splitter.feed(chunk)
        if not block:
            return b""
        self._look(block)
        return _without_usage(block)

    @override
    def finish(self) -> bytes:
        rest = self._splitter.finish()
        if not rest:
            return b""
        self._look(rest)
        return _without_usage(rest)


def _without_usage(block: bytes) -> bytes:
    if block.rfind(_USAGE) < 0:
        return block
    block = block.replace(_NO_USAGE_AT_END, b"}\n\n")
    if block.rfind(_USAGE) < 0:
        return block
    if b"\r" in block or block.rfind(b"\n\n\n") >= 0:
        return b"".join([_event_without_usage(event) for event in _events(block)])
    pieces: list[bytes] = []
    end = len(block)
    while (at := block.rfind(_USAGE, 0, end)) >= 0:
        begin = block.rfind(b"\n\n", 0, at)
        begin = 0 if begin < 0 else begin + 2
        after = block.find(b"\n\n", at)
        after = end if after < 0 else after + 2
        pieces += (block[after:end], _event_without_usage(block[begin:after]))
        end = begin
    pieces.append(block[:end])
    pieces.reverse()
    return b"".join(pieces)


def _event_without_usage(event: bytes) -> bytes:
    data = read_event(event).data
    if data is None or data == DONE:
        return event
    try:
        answer = read_answer(data)
    except ValueError:
        return event
    if answer.usage is UNTOLD:
        return event  # the word stands deeper inside
    if answer.choices == [] and usage_of(answer):
        return b""
    found = _COMMA_USAGE.search(data) if data.count(_USAGE) == 1 else None
    if found is None:
        return with_data(event, remove(data, "usage"))
    return with_data(event, data[: found.start()] + data[found.end() + len(answer.usage) :])


def _events(block: bytes) -> list[bytes]:
    events, rest = split_events(block)
    return [*events, rest] if rest else events
