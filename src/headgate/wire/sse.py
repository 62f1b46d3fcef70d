"""Server-sent events as bytes: splitting them wherever a chunk ends, reading their fields, writing them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headgate.kernel import json
from headgate.kernel.errors import ProviderError

MAX_EVENT_BYTES = 16 * 1024 * 1024
DONE = b"[DONE]"
DONE_EVENT = b"data: [DONE]\n\n"

_EVENT_END = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LINE_AND_END = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_LF = ord("\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """The fields of one event; `data` is its data lines joined by a line feed, None when it has none."""

    data: bytes | None
    name: bytes = b""


def split_events(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole events, each with the blank line that ends it, and the rest that is not whole yet. Nothing is lost."""
    if b"\r" not in data:
        pieces = data.split(b"\n\n")
        rest = pieces.pop()
        return [piece + b"\n\n" for piece in pieces], rest
    events: list[bytes] = []
    at = 0
    for end in _EVENT_END.finditer(data):
        events.append(data[at : end.end()])
        at = end.end()
    return events, data[at:]


def read_event(event: bytes) -> Event:
    """The fields of one event, its ending optional. Comments and unknown fields are passed over."""
    if event.startswith(b"data: ") and event.find(b"\n") >= len(event) - 2 and b"\r" not in event:
        return Event(event[6:].rstrip(b"\n"))
    lines: list[bytes] = []
    name = b""
    for line in _LINE_END.split(event.removeprefix(_BOM)):
        field, _, value = line.partition(b":")
        if field == b"data":
            lines.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return Event(b"\n".join(lines) if lines else None, name)


def with_data(event: bytes, data: bytes) -> bytes:
    """`event` with other data, on one line; its other fields and its line endings stay."""
    if event.startswith(b"data: ") and event.find(b"\n") >= len(event) - 2 and b"\r" not in event:
        return b"data: " + data + event[len(event.rstrip(b"\n")) :]
    pieces = _LINE_AND_END.findall(event)
    at = next(index for index, piece in enumerate(pieces) if piece.startswith(b"data"))
    ending = pieces[at][len(pieces[at].rstrip(b"\r\n")) :]
    others = [piece for piece in pieces[at + 1 :] if not piece.startswith(b"data:")]
    return b"".join([*pieces[:at], b"data: ", data.replace(b"\n", b" "), ending, *others])


def data_event(value: object) -> bytes:
    """`value` as the JSON data of an event."""
    return b"data: " + json.encode(value) + b"\n\n"


class Splitter:
    """Cuts a byte stream after its last whole event, chunk by chunk; what is not whole waits here, bounded."""

    __slots__ = ("_half_ended", "_has_cr", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._half_ended = False  # what waits ends in a line feed: one more ends the event
        self._has_cr = False

    def feed(self, chunk: bytes) -> bytes:
        """The whole events that `chunk` completes, in one piece. Raises ProviderError for an endless event."""
        if self._has_cr or b"\r" in chunk:
            return self._feed_any(chunk)
        end = self._end_of_events(chunk)
        if end == len(chunk) and not self._pieces:
            return chunk
        if end == 0:
            self._hold(chunk)
            return b""
        whole = b"".join((*self._pieces, chunk[:end]))
        self._clear()
        if end < len(chunk):
            self._hold(chunk[end:])
        return whole

    def _end_of_events(self, chunk: bytes) -> int:
        """Where the last whole event in `chunk` ends; line feeds pair up from the left, as `split_events` has it."""
        end = chunk.rfind(b"\n\n") + 2
        if end == 1:
            return 1 if self._half_ended and chunk.startswith(b"\n") else 0
        if (end > 2 and chunk[end - 3] == _LF) or (end == 2 and self._half_ended):
            start = len(chunk[:end].rstrip(b"\n"))
            run = end - start + (start == 0 and self._half_ended)
            end -= run % 2
        return end

    def finish(self) -> bytes:
        """What is left: an event without its blank line, or nothing."""
        rest = b"".join(self._pieces)
        self._clear()
        return rest

    def _feed_any(self, chunk: bytes) -> bytes:
        """The same for any line ending. A carriage return at the end may be half of one, so it waits for what follows."""
        self._has_cr = True
        data = self.finish() + chunk
        at = 0
        for end in _EVENT_END.finditer(data):
            if end.end() < len(data) or not data.endswith(b"\r"):
                at = end.end()
        if at < len(data):
            self._hold(data[at:])
        return data[:at]

    def _hold(self, piece: bytes) -> None:
        if not piece:
            return
        self._size += len(piece)
        if self._size > MAX_EVENT_BYTES:
            raise ProviderError(
                f"The provider sent a stream event of more than {MAX_EVENT_BYTES} bytes.", reason="too_large"
            )
        self._pieces.append(piece)
        self._half_ended = piece.endswith(b"\n")

    def _clear(self) -> None:
        self._pieces.clear()
        self._size = 0
        self._half_ended = False
