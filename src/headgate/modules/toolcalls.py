"""Tool calls in answers, with their arguments, on every wire; and a filter that holds a stream's calls until it ends."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import override

from headgate.call.call import Call
from headgate.call.module import StreamFilter
from headgate.kernel import json
from headgate.kernel.errors import Unavailable
from headgate.wire.spec import WIRES
from headgate.wire.sse import read_event
from headgate.wire.tool_uses import ToolUse, UnreadableCalls, tool_uses
from headgate.wire.tools import called_tools

MAX_HELD_BYTES = 4 * 1024 * 1024


def uses_of_reply(call: Call, body: bytes) -> list[ToolUse]:
    """The tool calls of a whole answer in the client's wire. Raises Unavailable when the answer cannot be read."""
    try:
        return tool_uses(call.wire, body)
    except UnreadableCalls as error:
        raise Unavailable("The tool calls of the answer cannot be read, so it was not passed on.") from error


def _may_call(events: bytes) -> bool:
    """Could a tool be called in these events? Never wrong when it says no."""
    return b'"name"' in events or b"_call" in events or b"Call" in events


def uses_of_stream(call: Call, stream: bytes) -> list[ToolUse]:
    """The tool calls of a whole streamed answer. Raises Unavailable when they cannot be read."""
    from_stream = WIRES[call.endpoint].from_stream
    whole = from_stream(stream) if from_stream is not None else None
    if whole is None:
        raise Unavailable("The tool calls of the answer cannot be read, so they were not passed on.")
    return uses_of_reply(call, whole)


def _begins_call(event: bytes) -> bool:
    if not _may_call(event):
        return False
    data = read_event(event).data
    return data is not None and data.startswith(b"{") and bool(called_tools(json.decode(data)))


class ToolHold(StreamFilter):
    """Lets text through as it comes. From the first event of a tool call on everything waits until the stream has ended:
    then `judge` is told all calls, and may raise."""

    def __init__(self, call: Call, judge: Callable[[list[ToolUse]], None]) -> None:
        self._call = call
        self._judge = judge
        self._seen: list[bytes] = []
        self._held: list[bytes] = []
        self._size = 0

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        self._seen += events
        self._size += sum(map(len, events))
        if self._size > MAX_HELD_BYTES:
            raise Unavailable("The answer is too long for its tool calls to be judged.")
        if self._held:
            self._held += events
            return []
        if not _may_call(b"".join(events)):
            return events
        for index, event in enumerate(events):
            if _begins_call(event):
                self._held = events[index:]
                return events[:index]
        return events

    @override
    def finish(self) -> list[bytes]:
        if not self._held:
            return []
        self._judge(uses_of_stream(self._call, b"".join(self._seen)))
        return self._held
