"""What every reader of SSE streams shares: whole events out of chunks, and parts that begin and end one after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from headgate.kernel import json
from headgate.wire.neutral import Event, Failed, Fields, Part, PartEnded, PartStarted
from headgate.wire.node import object_of, text_of
from headgate.wire.sse import DONE, Splitter, read_event, split_events
from headgate.wire.sse import Event as SseEvent


class EventSplitter:
    """Chunks in, SSE events out, wherever the chunks end."""

    __slots__ = ("_splitter",)

    def __init__(self) -> None:
        self._splitter = Splitter()

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        return _events(self._splitter.feed(chunk))

    def finish(self) -> Iterator[SseEvent]:
        return _events(self._splitter.finish())


def _events(block: bytes) -> Iterator[SseEvent]:
    if not block:
        return
    events, rest = split_events(block)
    for each in (*events, rest) if rest else events:
        event = read_event(each)
        if event.data is not None:
            yield event


def data_of(event: SseEvent) -> Fields:
    """The JSON object of an event; empty when there is none."""
    if event.data is None or event.data == DONE:
        return {}
    try:
        return object_of(json.decode(event.data))
    except (ValueError, RecursionError):
        return {}


class SseReader(ABC):
    """Reads a stream of SSE events, wherever its chunks end. What an event tells, and what its end ends, is the wire's."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()

    def feed(self, chunk: bytes) -> list[Event]:
        out: list[Event] = []
        for event in self._splitter.feed(chunk):
            self._read(event, out)
        return out

    def finish(self) -> list[Event]:
        out: list[Event] = []
        for event in self._splitter.finish():
            self._read(event, out)
        self._end(out)
        return out

    @abstractmethod
    def _read(self, event: SseEvent, out: list[Event]) -> None: ...

    @abstractmethod
    def _end(self, out: list[Event]) -> None:
        """The body has ended: open parts end."""


class Parts:
    """The parts of one choice while a stream is read: at most one is open, and each has its number."""

    __slots__ = ("_choice", "_key", "_next", "open")

    def __init__(self, choice: int = 0) -> None:
        self._choice = choice
        self._key: object = None
        self._next = 0
        self.open = False

    def at(self, key: object, part: Part, out: list[Event]) -> int:
        """The number of the open part when it is `key`'s; else `part` begins under that name, after the open one has ended."""
        if not self.open or key != self._key:
            self.end(out)
            out.append(PartStarted(self._next, part, self._choice))
            self._key = key
            self._next += 1
            self.open = True
        return self._next - 1

    @property
    def number(self) -> int:
        """The number of the part that began last."""
        return self._next - 1

    def is_open(self, key: object) -> bool:
        return self.open and key == self._key

    def end(self, out: list[Event]) -> None:
        if self.open:
            out.append(PartEnded(self._next - 1, self._choice))
            self.open = False


def failed_of(fields: Fields, status: int = 502) -> Failed:
    """An error object inside a stream."""
    code = fields.get("code")
    return Failed(
        code if isinstance(code, int) and 400 <= code < 600 else status,
        text_of(fields.get("message")) or "The provider failed in the middle of its answer.",
        text_of(fields.get("type")),
        code if isinstance(code, str) else "",
        text_of(fields.get("param")),
    )
