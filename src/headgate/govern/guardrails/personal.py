"""Personal data in calls: put placeholders in its place on the way out, and, if asked, put it back on the way to the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none

from headgate.call.call import Call, Reply
from headgate.govern.guardrails import pii
from headgate.govern.guardrails.pii import Personal
from headgate.govern.guardrails.verdicts import apply
from headgate.kernel import json
from headgate.wire.hold_back import Edit, HoldBackFilter, Span, WindowScanner
from headgate.wire.texts import (
    Path,
    Text,
    read_reply,
    read_request,
    rewrite_reply,
    rewrite_request,
    stream_texts,
)

WINDOW = 80  # longer than any number or address with a form
LONGEST_MARK = 64
JSON_TEXTS = frozenset({"tool_call"})
_MARK: Any = cast(Any, re2).compile(r"\[[A-Z][A-Z0-9_]*_REDACTED_[0-9]+\]")
_BEGUN: Any = cast(Any, re2).compile(r"\[[A-Z0-9_]*\z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What counts as personal, and whether the system's own texts are read too."""

    kinds: tuple[str, ...] = pii.KINDS
    own: Mapping[str, Any] = field(default_factory=dict[str, Any])
    system: bool = False

    def find(self, text: str) -> list[Personal]:
        return pii.find(text, self.kinds, self.own)


class Placeholders:
    """Gives each value one placeholder, the same wherever it stands; knows the way back."""

    def __init__(self, taken: str) -> None:
        self._taken = taken  # placeholders that stand in the text already are not given out
        self._by_value: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self.values: dict[str, str] = {}

    def of(self, kind: str, value: str) -> str:
        mark = self._by_value.get((kind, value))
        while mark is None:
            self._numbers[kind] += 1
            mark = f"[{kind.upper()}_REDACTED_{self._numbers[kind]}]"
            if mark in self._taken:
                mark = None
        self._by_value[kind, value] = mark
        self.values[mark] = value
        return mark


def look(texts: Sequence[Text], wanted: Wanted) -> list[tuple[Text, list[Personal]]]:
    """The texts in which something personal stands. What is said of tools is none of a person's."""
    return [
        (text, found)
        for text in texts
        if text.role != "definition"
        and (wanted.system or text.role != "system")
        and (found := wanted.find(text.text))
    ]


def counted(found: Sequence[tuple[Text, list[Personal]]]) -> Counter[str]:
    """How many of each kind."""
    return Counter(each.kind for _, several in found for each in several)


def mask_request(call: Call, found: Sequence[tuple[Text, list[Personal]]]) -> dict[str, str]:
    """Put placeholders in the place of what was found; returns what each of them stands for."""
    given = Placeholders(
        "\n".join(text.text for text in read_request(call).texts) if b"_REDACTED_" in call.body else ""
    )
    rewrite_request(
        call, {text.path: _masked(text.text, several, given) for text, several in found if not text.sealed}
    )
    return given.values


def mask_reply(
    call: Call, reply: Reply, wanted: Wanted, values: Mapping[str, str] | None = None
) -> Counter[str]:
    """The same for a whole answer; returns how many of each kind it held. `values`: placeholders that mean something
    else already; None: nothing is to change."""
    found = look(read_reply(call, reply).texts, wanted)
    if found and values is not None:
        given = Placeholders(" ".join(values))
        rewrite_reply(call, reply, {text.path: _masked(text.text, several, given) for text, several in found})
    return counted(found)


def mask_stream(
    call: Call, wanted: Wanted, told: Callable[[Counter[str]], None], values: Mapping[str, str]
) -> HoldBackFilter:
    """The same for a stream. `told` gets the counts, and may raise to end it."""
    given = Placeholders(" ".join(values))

    def settle(text: str, found: list[Personal]) -> list[Edit]:
        told(Counter(each.kind for each in found))
        return [
            Edit(each.start, each.end, given.of(each.kind, text[each.start : each.end])) for each in found
        ]

    return HoldBackFilter(
        call.wire, WindowScanner(lambda _, text: wanted.find(text), settle, WINDOW), name="promptguard"
    )


def count_stream(call: Call, reply: Reply, wanted: Wanted) -> Counter[str]:
    """How many of each kind a stream held that has ended."""
    return Counter(each.kind for _, text in stream_texts(call.wire, reply.body) for each in wanted.find(text))


def restore_reply(call: Call, reply: Reply, values: Mapping[str, str]) -> None:
    """Put back what the placeholders in a whole answer stand for."""
    changes: dict[Path, str] = {}
    for text in read_reply(call, reply).texts:
        as_json = text.role in JSON_TEXTS and text.path[-1] in ("arguments", "partial_json")
        edits = _restored(text.text, values, as_json=as_json)
        if edits and not text.sealed:
            changes[text.path] = apply(text.text, edits)
    rewrite_reply(call, reply, changes)


class RestoreScanner:
    """Puts back what placeholders stand for; holds back only what could be the beginning of one."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def scan(self, span: Span) -> tuple[Sequence[Edit], int]:
        text = span.text
        open_at = len(text)
        if (
            not span.ended
            and (begun := _BEGUN.search(text)) is not None
            and len(text) - begun.start() < LONGEST_MARK
        ):
            open_at = max(begun.start(), span.before)
        edits = _restored(text, self._values, as_json=span.role in JSON_TEXTS)
        return [edit for edit in edits if edit.start >= span.before], open_at


def restore_stream(call: Call, values: Mapping[str, str]) -> HoldBackFilter:
    """The same for a stream."""
    return HoldBackFilter(call.wire, RestoreScanner(values), name="promptguard")


def _masked(text: str, found: Sequence[Personal], given: Placeholders) -> str:
    return apply(
        text, [Edit(each.start, each.end, given.of(each.kind, text[each.start : each.end])) for each in found]
    )


def _restored(text: str, values: Mapping[str, str], *, as_json: bool) -> list[Edit]:
    edits: list[Edit] = []
    for match in _MARK.finditer(text) if "_REDACTED_" in text else ():
        value = values.get(match.group())
        if value is not None:
            edits.append(
                Edit(match.start(), match.end(), json.encode(value)[1:-1].decode() if as_json else value)
            )
    return edits
