"""The request types of the official SDKs: the field lists that the fates are held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict


def typed_dicts(annotation: Any) -> list[Any]:
    """The typed dicts that stand anywhere in an annotation."""
    if is_typeddict(annotation):
        return [annotation]
    if get_origin(annotation) is Literal:
        return []
    return [found for part in get_args(annotation) for found in typed_dicts(part)]


def fields_of(root: Any, descend: Callable[[str, str], bool]) -> Iterator[tuple[str, list[str]]]:
    """Each type reachable from `root` with its fields; `descend(type, field)` says whether to look into a field's types."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [root]
    while waiting:
        kind = waiting.pop()
        hints = get_type_hints(kind)
        known = (kind.__name__, tuple(hints))
        if known in seen:
            continue
        seen.add(known)
        yield kind.__name__, list(hints)
        for field, annotation in hints.items():
            if descend(kind.__name__, field):
                waiting += typed_dicts(annotation)
