"""Secrets in a stream: events are held back only while the text so far ends in what could become a secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from headgate.govern.guardrails.secrets import find, mark, pending
from headgate.wire.hold_back import Edit, HoldBackFilter, Span

Found = Callable[[Counter[str]], None]


class SecretScanner:
    """Redacts secrets as soon as they are certain. `found` is told of them, and may raise to end the stream."""

    def __init__(self, found: Found) -> None:
        self._found = found

    def scan(self, span: Span) -> tuple[Sequence[Edit], int]:
        text = span.text
        open_at = len(text) if span.ended else max(pending(text), span.before)
        certain = [each for each in find(text) if each.end > span.before and each.end <= open_at]
        if certain:
            self._found(Counter(each.kind for each in certain))
        return [Edit(each.start, each.end, mark(each)) for each in certain], open_at


class SecretFilter(HoldBackFilter):
    """The stream filter that redacts secrets, however they are cut into events."""

    def __init__(self, found: Found, wire: str = "openai.chat") -> None:
        super().__init__(wire, SecretScanner(found), name="secretscan")
