"""Secrets in a stream: events are held back only while the text so far ends in what could become a secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from typing_extensions import override

from headgate.call.module import StreamFilter
from headgate.govern.guardrails.secrets import Finding, find, mark, pending
from headgate.kernel import json
from headgate.kernel.errors import Unavailable

DATA = b"data:"
CHOICES = b'"choices"'
MAX_HELD_BYTES = 256 * 1024
AFTER_WORD, AFTER_OTHER = "q", " "  # what stands for the text that has left: no secret begins with either

Found = Callable[[Counter[str]], None]


@dataclass(slots=True)
class _Event:
    raw: bytes
    tree: Any = None
    changed: bool = False

    def render(self) -> bytes:
        return DATA + b" " + json.encode(self.tree) + b"\n\n" if self.changed else self.raw


@dataclass(slots=True)
class _Piece:
    """A string in an event: part of the text of one channel, `length` characters long."""

    event: _Event
    holder: dict[str, Any]
    name: str
    choice: dict[str, Any]
    length: int


@dataclass(slots=True)
class _Channel:
    """One text that is built from many events: the content of a choice, the arguments of a tool call."""

    text: str = ""
    before: int = 0  # characters at the beginning of `text` that have left
    pieces: list[_Piece] = field(default_factory=list[_Piece])


class SecretFilter(StreamFilter):
    """Redacts secrets of a stream, however they are cut into events. `found` is told of them, and may raise to end it."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._held: list[_Event] = []
        self._held_bytes = 0
        self._channels: dict[tuple[Any, ...], _Channel] = {}

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        for raw in events:
            self._take(raw)
        return self._release(ended=False)

    @override
    def finish(self) -> list[bytes]:
        return self._release(ended=True)

    def _take(self, raw: bytes) -> None:
        event = _Event(raw)
        self._held.append(event)
        self._held_bytes += len(raw)
        if self._held_bytes > MAX_HELD_BYTES:
            raise Unavailable(
                "The answer could not be checked for secrets: too much of it had to be held back."
            )
        if CHOICES not in raw:
            return
        try:
            event.tree = json.decode(_data(raw))
        except ValueError:
            return
        for path, piece in _pieces(event):
            channel = self._channels.setdefault(path, _Channel())
            channel.text += piece.holder[piece.name]
            channel.pieces.append(piece)

    def _release(self, *, ended: bool) -> list[bytes]:
        """Redact what is certain and let out every event before the first one that is not."""
        keep_from = len(self._held)
        positions = {id(event): index for index, event in enumerate(self._held)}
        for channel in self._channels.values():
            if channel.pieces:
                first = self._settle(channel, ended=ended)
                if first is not None:
                    keep_from = min(keep_from, positions[id(first)])
        for channel in self._channels.values():
            while channel.pieces and positions[id(channel.pieces[0].event)] < keep_from:
                channel.before += channel.pieces.pop(0).length
            if channel.before > 1:
                last = channel.text[channel.before - 1]
                context = AFTER_WORD if last.isascii() and last.isalnum() else AFTER_OTHER
                channel.text, channel.before = context + channel.text[channel.before :], 1
        out, self._held = self._held[:keep_from], self._held[keep_from:]
        self._held_bytes = sum(len(event.raw) for event in self._held)
        return [event.render() for event in out]

    def _settle(self, channel: _Channel, *, ended: bool) -> _Event | None:
        """Redact the certain secrets of a channel; returns the event in which the uncertain end begins."""
        text = channel.text
        open_at = len(text) if ended else pending(text)
        certain = [
            finding for finding in find(text) if channel.before <= finding.start and finding.end <= open_at
        ]
        if certain:
            self._found(Counter(finding.kind for finding in certain))
        for finding in reversed(certain):
            _replace(channel, finding)
            shorter = finding.end - finding.start - len(mark(finding))
            open_at -= shorter
        at = channel.before
        for piece in channel.pieces:
            at += piece.length
            if at > open_at:
                return piece.event
        return None


def _replace(channel: _Channel, finding: Finding) -> None:
    """Put the mark into the piece in which the finding begins and cut the rest of it out of the pieces behind."""
    at = channel.before
    new = mark(finding)
    channel.text = channel.text[: finding.start] + new + channel.text[finding.end :]
    for piece in channel.pieces:
        start, end = max(finding.start, at), min(finding.end, at + piece.length)
        length = piece.length
        if start < end:
            old = cast(str, piece.holder[piece.name])
            text = old[: start - at] + new + old[end - at :]
            piece.holder[piece.name], piece.length = text, len(text)
            piece.event.changed, new = True, ""
            if piece.choice.get("logprobs") is not None:
                piece.choice["logprobs"] = None  # they would spell the secret
        at += length


def _pieces(event: _Event) -> Iterator[tuple[tuple[Any, ...], _Piece]]:
    """The strings of an event's choices, each with the channel it belongs to."""
    tree = event.tree
    if not isinstance(tree, dict):
        return
    choices: Any = cast(dict[str, Any], tree).get("choices")
    for choice in cast(list[Any], choices) if isinstance(choices, list) else []:
        if isinstance(choice, dict):
            found = cast(dict[str, Any], choice)
            for path, holder, name in _texts(found, (found.get("index"),)):
                yield path, _Piece(event, holder, name, found, len(holder[name]))


def _texts(
    node: dict[str, Any], path: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], str]]:
    for name, value in node.items():
        if name in ("logprobs", "finish_reason", "role", "type", "id"):
            continue
        if isinstance(value, str):
            yield (*path, name), node, name
        elif isinstance(value, dict):
            yield from _texts(cast(dict[str, Any], value), (*path, name))
        elif isinstance(value, list):
            for index, item in enumerate(cast(list[Any], value)):
                if isinstance(item, dict):
                    each = cast(dict[str, Any], item)
                    yield from _texts(each, (*path, name, each.get("index", index)))


def _data(raw: bytes) -> bytes:
    """The data of an SSE event, its lines joined."""
    lines = [line[len(DATA) :].strip() for line in raw.splitlines() if line.startswith(DATA)]
    return b"\n".join(lines)
