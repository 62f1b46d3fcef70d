"""Actions, `<verb>:<resource>`, and the patterns that name them: `*`, `read:*`, `*:email`, or exact."""

from __future__ import annotations

import re

PART = r"(?:\*|[A-Za-z0-9_][A-Za-z0-9_./-]*\*?)"
ACTION = re.compile(rf"\*|{PART}:{PART}")


def names(pattern: str, action: str) -> bool:
    """Does `pattern` name `action`? A part may also end in `*`: `execute:github_*`."""
    if pattern in ("*", action):
        return True
    verb, _, resource = pattern.partition(":")
    its_verb, _, its_resource = action.partition(":")
    return _part(verb, its_verb) and _part(resource, its_resource)


def _part(pattern: str, text: str) -> bool:
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return pattern == text


def covers(wider: str, narrower: str) -> bool:
    """Is every action that `narrower` names also named by `wider`?"""
    if wider in ("*", narrower):
        return True
    if narrower == "*":
        return wider == "*:*"
    verb, _, resource = wider.partition(":")
    its_verb, _, its_resource = narrower.partition(":")
    return _part_covers(verb, its_verb) and _part_covers(resource, its_resource)


def _part_covers(wider: str, narrower: str) -> bool:
    if wider.endswith("*"):
        return narrower.removesuffix("*").startswith(wider[:-1])
    return wider == narrower
