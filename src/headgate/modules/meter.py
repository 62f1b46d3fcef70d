"""Weighing a stream as it passes."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import override

from headgate.call.module import StreamFilter


class Meter(StreamFilter):
    """Tells `check` how many bytes of text have passed so far; changes nothing. `check` may raise to end the stream."""

    def __init__(self, check: Callable[[int], None]) -> None:
        self._check = check
        self._size = 0

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        self._size += sum(map(_text_size, events))
        self._check(self._size)
        return events


def _text_size(event: bytes) -> int:
    """About how many bytes of an event are text: what stands in its longest string."""
    return max(map(len, event.split(b'"'))) if b"delta" in event or b"text" in event else 0
