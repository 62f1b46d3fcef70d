"""How far two answers agree: equal, else field by field where they are JSON, else by their words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from headgate.govern.evidence.whole import Said
from headgate.kernel import json

Method = Literal["equal", "fields", "words"]
MAX_DIFFERENCES = 50
_WORD = re.compile(r"\w+|[^\w\s]")
_FENCE = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Agreement:
    """`score` is 1.0 for answers that say the same and 0.0 for such that have nothing in common."""

    score: float
    method: Method
    differences: list[str] = field(default_factory=list[str])


def compare(first: Said, second: Said) -> Agreement:
    """Texts and tool calls each count, and the worse of the two decides: the right words with the wrong call are wrong."""
    texts = _texts(first.text, second.text)
    if not first.tools and not second.tools:
        return texts
    calls = _trees(_as_tree(first), _as_tree(second))
    return min((texts, calls), key=lambda each: each.score) if first.text or second.text else calls


def _as_tree(said: Said) -> Any:
    return [{"tool": name, "arguments": arguments} for name, arguments in said.tools]


def _texts(first: str, second: str) -> Agreement:
    if first == second:
        return Agreement(1.0, "equal")
    one, other = _json(first), _json(second)
    if one is not _MISSING and other is not _MISSING:
        return _trees(one, other)
    before, after = Counter(_WORD.findall(first.lower())), Counter(_WORD.findall(second.lower()))
    shared, both = (before & after).total(), before.total() + after.total()
    return Agreement(round(2 * shared / both, 6) if both else 1.0, "words")


def _json(text: str) -> Any:
    """An object or a list, fenced or not; a bare number or word is text."""
    fenced = _FENCE.match(text)
    try:
        value: Any = json.decode(fenced[1] if fenced else text)
    except ValueError:
        return _MISSING
    return cast(Any, value) if isinstance(value, dict | list) else _MISSING


def _trees(first: Any, second: Any) -> Agreement:
    if json.canonical(first) == json.canonical(second):
        return Agreement(1.0, "equal")
    before, after = dict(_leaves(first, "$")), dict(_leaves(second, "$"))
    places = sorted(before.keys() | after.keys())
    differing = [each for each in places if before.get(each, _MISSING) != after.get(each, _MISSING)]
    return Agreement(round(1 - len(differing) / len(places), 6), "fields", differing[:MAX_DIFFERENCES])


def _leaves(value: Any, place: str) -> Iterator[tuple[str, bytes]]:
    """Every leaf with its place; an empty object or list is a leaf too."""
    if isinstance(value, dict) and value:
        for name, each in cast("dict[str, Any]", value).items():
            yield from _leaves(each, f"{place}.{name}")
    elif isinstance(value, list) and value:
        for number, each in enumerate(cast("list[Any]", value)):
            yield from _leaves(each, f"{place}[{number}]")
    else:
        yield place, json.canonical(value)
