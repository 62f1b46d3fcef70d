"""Cutting a text at the end of a sentence, whole or while it streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from headgate.wire.hold_back import Edit, Span
from headgate.wire.text_deltas import Channel

_END = re.compile(r"""[.!?…]["'”’)\]]*(?=\s)|[。！？]|\n""")
_SPACE = re.compile(r"\s+")
NEAR = 400  # characters before the bound from which on a stream is held back to the end of its last sentence


def sentence_end(text: str, limit: int) -> int:
    """Where to cut `text` so that at most `limit` characters stay: after a sentence, else after a word, else just there."""
    if len(text) <= limit:
        return len(text)
    ends = [found.end() for found in _END.finditer(text[: limit + 1]) if found.end() <= limit]
    if ends:
        return ends[-1]
    spaces = [found.start() for found in _SPACE.finditer(text[: limit + 1]) if found.start() <= limit]
    return spaces[-1] if spaces and spaces[-1] > 0 else limit


class Cut:
    """Ends each text of what is said in a stream after `limit` characters. `told` is told once that something was cut."""

    def __init__(self, limit: int, told: Callable[[], None]) -> None:
        self._limit = limit
        self._told = told
        self._over: set[Channel] = set()

    def scan(self, span: Span) -> tuple[Sequence[Edit], int]:
        text, size = span.text, len(span.text)
        if span.role != "assistant":
            return (), size
        if span.channel and span.channel in self._over:
            return [Edit(span.before, size, "")] if size > span.before else (), size
        room = self._limit - span.offset
        if size > room:
            self._told()
            if span.channel:
                self._over.add(span.channel)
            cut = max(sentence_end(text, max(room, 0)), span.before)
            return [Edit(cut, size, "")], size
        if span.ended or size < room - NEAR:
            return (), size
        ends = [found.end() for found in _END.finditer(text) if found.end() < size]
        return (), max(ends[-1] if ends else span.before, span.before)
