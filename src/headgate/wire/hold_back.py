"""Reading and changing the text of a stream while it passes: events are held back only as far as their text is uncertain.

A `Scanner` says what of a text to change and from where on it cannot say yet; the rest is done here, for every wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from typing_extensions import override

from headgate.call.module import StreamFilter
from headgate.kernel import json
from headgate.kernel.errors import Unavailable
from headgate.wire.sse import DONE, read_event, with_data
from headgate.wire.text_deltas import Channel, closed_by, delta_texts, drop_spelling
from headgate.wire.text_edits import put
from headgate.wire.text_walks import Path

MAX_HELD_BYTES = 256 * 1024
MAX_WHOLE_BYTES = 8 * 1024 * 1024
SETTLED = "\ufffd"  # stands for what is settled already, so that it is not found again
CONTEXT = 256  # characters that have left and are still looked at, for what begins in them


class Edit(NamedTuple):
    """`new` in the place of `text[start:end]`."""

    start: int
    end: int
    new: str


class Span(NamedTuple):
    """The text of one channel so far. What stands before `before` has left and cannot be changed. `ended`: nothing follows."""

    role: str
    text: str
    before: int
    ended: bool
    channel: Channel = ()
    offset: int = 0  # characters of the channel that stood before `text` and are no longer looked at


class Scanner(Protocol):
    """Looks at texts as they grow. It may keep count, and may raise a GatewayError to end the stream."""

    def scan(self, span: Span) -> tuple[Sequence[Edit], int]:
        """The certain edits, from left to right and not overlapping, and where the uncertain end of the text begins."""
        ...


class Spot(Protocol):
    """Something found at `text[start:end]`."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


SpotT = TypeVar("SpotT", bound=Spot)


class WindowScanner(Generic[SpotT]):
    """Holds back the last `window` characters, within which whatever `find` looks for must fit; None holds back everything.

    `settle` is told of what is certain, each once, and says what to change. An `Edit` that changes nothing is allowed.
    """

    def __init__(
        self,
        find: Callable[[str, str], Sequence[SpotT]],
        settle: Callable[[str, list[SpotT]], Sequence[Edit]],
        window: int | None,
    ) -> None:
        self._find = find  # of role and text
        self._settle = settle  # of a text and what was found in it
        self._window = window

    def scan(self, span: Span) -> tuple[Sequence[Edit], int]:
        if not span.ended and self._window is None:
            return (), span.before
        found = [spot for spot in self._find(span.role, span.text) if spot.end > span.before]
        open_at = len(span.text)
        if not span.ended:
            open_at = max(open_at - (self._window or 0), span.before)
            for spot in sorted(found, key=lambda each: each.start, reverse=True):
                if spot.end > open_at:  # it, or what overlaps it, may go on
                    open_at = min(open_at, spot.start)
            found = [spot for spot in found if spot.end <= open_at]
            open_at = max(open_at, span.before)
        return (self._settle(span.text, found) if found else ()), open_at


class HoldBackFilter(StreamFilter):
    """The stream filter of a scanner, on any wire."""

    def __init__(
        self, wire: str, scanner: Scanner, *, max_held: int = MAX_HELD_BYTES, name: str = "A check"
    ) -> None:
        self._wire = wire
        self._scanner = scanner
        self._max_held = max_held
        self._name = name
        self._held: deque[_Event] = deque()
        self._held_bytes = 0
        self._next = 0
        self._channels: dict[Channel, _Channel] = {}

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        for raw in events:
            self._take(raw)
        return self._release(ended=False)

    @override
    def finish(self) -> list[bytes]:
        return self._release(ended=True)

    def _take(self, raw: bytes) -> None:
        event = _Event(raw, self._next)
        self._next += 1
        self._held.append(event)
        self._held_bytes += len(raw)
        if self._held_bytes > self._max_held:
            raise Unavailable(
                f"{self._name} could not read the answer: too much of it had to be held back.",
                verdict="not_scanned",
            )
        data = read_event(raw).data
        if data is None or data == DONE:
            return
        try:
            event.tree = json.decode(data)
        except ValueError:
            return
        for delta in delta_texts(self._wire, event.tree):
            if delta.whole:
                self._change_whole(event, delta.role, delta.path, delta.text)
            else:
                self._append(event, delta.channel, delta.role, _Piece(event, delta.path, delta.text))
        for prefix in closed_by(event.tree):
            for channel, text in self._channels.items():
                text.closing = text.closing or channel[: len(prefix)] == prefix

    def _append(self, event: _Event, key: Channel, role: str, piece: _Piece) -> None:
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = _Channel(key, role)
        if (
            channel.closing or not channel.pieces
        ):  # the speaker has turned to this channel: the others are at rest
            for other_key, other in self._channels.items():
                if other_key[0] == key[0] and other is not channel:
                    other.closing = True
        channel.closing = False
        channel.text += piece.text
        channel.pieces.append(piece)

    def _change_whole(self, event: _Event, role: str, path: Path, text: str) -> None:
        edits, _ = self._scanner.scan(Span(role, text, 0, ended=True))
        for edit in reversed(edits):
            text = text[: edit.start] + edit.new + text[edit.end :]
        if edits:
            event.put(path, text)

    def _release(self, *, ended: bool) -> list[bytes]:
        """Make the certain changes and let out every event before the first one that is not certain."""
        keep_from = self._next
        for channel in self._channels.values():
            if channel.pieces:
                keep_from = min(keep_from, self._settle(channel, ended=ended or channel.closing))
        for channel in self._channels.values():
            channel.let_out(keep_from)
        out: list[bytes] = []
        while self._held and self._held[0].number < keep_from:
            event = self._held.popleft()
            self._held_bytes -= len(event.raw)
            out.append(event.render())
        return out

    def _settle(self, channel: _Channel, *, ended: bool) -> int:
        """The number of the event in which the uncertain end of a channel begins."""
        edits, open_at = self._scanner.scan(
            Span(channel.role, channel.text, channel.before, ended, channel.key, channel.offset)
        )
        for edit in reversed(edits):
            channel.change(max(edit.start, channel.before), edit.end, edit.new)
            open_at += len(edit.new) - (edit.end - max(edit.start, channel.before))
        at = channel.before
        for piece in channel.pieces:
            at += len(piece.text)
            if at > open_at:
                return piece.event.number
        return self._next


class _Event:
    __slots__ = ("changed", "number", "raw", "tree")

    def __init__(self, raw: bytes, number: int) -> None:
        self.raw = raw
        self.number = number
        self.tree: Any = None
        self.changed = False

    def put(self, path: Path, text: str) -> None:
        put(self.tree, path, text)
        self.changed = True

    def render(self) -> bytes:
        if not self.changed:
            return self.raw
        drop_spelling(cast(object, self.tree))
        return with_data(self.raw, json.encode(self.tree))


class _Piece:
    """A string in an event: part of the text of one channel."""

    __slots__ = ("event", "path", "text")

    def __init__(self, event: _Event, path: Path, text: str) -> None:
        self.event = event
        self.path = path
        self.text = text


class _Channel:
    """One text that is built from many events: what a choice says, the arguments of a tool call."""

    __slots__ = ("before", "closing", "key", "offset", "pieces", "role", "text")

    def __init__(self, key: Channel, role: str) -> None:
        self.key = key
        self.role = role
        self.offset = 0
        self.text = ""
        self.before = 0  # characters at the beginning of `text` that have left
        self.pieces: deque[_Piece] = deque()
        self.closing = False

    def change(self, start: int, end: int, new: str) -> None:
        """Put `new` into the piece in which the change begins and cut the rest out of the pieces behind."""
        if self.text[start:end] == new:
            self.text = self.text[:start] + SETTLED * (end - start) + self.text[end:]
            return
        self.text = self.text[:start] + SETTLED * len(new) + self.text[end:]
        at = self.before
        for piece in self.pieces:
            length = len(piece.text)
            first, last = max(start, at), min(end, at + length)
            if first < last:
                piece.text = piece.text[: first - at] + new + piece.text[last - at :]
                piece.event.put(piece.path, piece.text)
                new = ""
            at += length

    def let_out(self, keep_from: int) -> None:
        """The pieces of the events before `keep_from` leave; only the end of their text is still looked at."""
        while self.pieces and self.pieces[0].event.number < keep_from:
            self.before += len(self.pieces.popleft().text)
        if self.before > 2 * CONTEXT:
            self.offset += self.before - CONTEXT
            self.text = self.text[self.before - CONTEXT :]
            self.before = CONTEXT
