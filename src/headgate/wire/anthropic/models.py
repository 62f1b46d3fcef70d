"""What Anthropic's models take, by generation; read off their names, so that a new one is treated as the newest."""

from __future__ import annotations

import re

_OLD = re.compile(r"claude-(?:instant|v?[12](?:[.:-]|$)|3)")
_OLD_MINOR = re.compile(r"claude-3-([57])")
_VERSION = re.compile(r"claude-(?:opus|sonnet|haiku|fable|mythos|[a-z]+)-(\d{1,2})(?:[.-](\d{1,2})(?!\d))?")

Version = tuple[int, int]
NEWEST: Version = (99, 0)


def version_of(model: str) -> Version | None:
    """`claude-opus-4-8` is (4, 8), in whatever prefix or suffix it stands; None when it is no model of Anthropic's."""
    name = model.lower()
    if "claude" not in name:
        return None
    if old := _OLD.search(name):
        minor = _OLD_MINOR.match(name, old.start())
        return (3, int(minor[1])) if minor else (3, 0) if "-3" in old[0] else (2, 0)
    if found := _VERSION.search(name):
        return (int(found[1]), int(found[2] or 0))
    return NEWEST


def takes_sampling(model: str) -> bool:
    """Temperature and its kin; models from 4.7 on refuse them. Others who speak this format are assumed to take them."""
    version = version_of(model)
    return version is None or version < (4, 7)


def thinks_adaptively(model: str) -> bool:
    """How much to think is the model's choice, steered by an effort; older ones take a budget of tokens."""
    version = version_of(model)
    return version is not None and version >= (4, 6)


def takes_output_format(model: str) -> bool:
    """Answers in the shape of a JSON schema, and strict tools."""
    version = version_of(model)
    return version is None or version >= (4, 5)


def takes_system_turns(model: str) -> bool:
    """System messages in the middle of a conversation."""
    version = version_of(model)
    return version is not None and version >= (4, 8)


def output_limit(model: str) -> int:
    """How many tokens to allow when the caller did not say; no more than the model can."""
    version = version_of(model)
    if version is None:
        return 8192
    if version < (3, 5):
        return 4096
    return 8192 if version < (3, 7) else 32000
