"""Who pays for a call or a run: read from the call before it is asked, from its frames afterwards. Both must agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from headgate.call.call import Call
from headgate.call.frames import Closed, Opened
from headgate.record.spend.caps import Payers

MAX_TAGS = 10
NO_TAGS: Mapping[str, str] = {}


def user_of(call: Call) -> str:
    """Whom a call is made for: the end user that an application names, else the user of the key."""
    return call.notes.get("user") or call.caller.user_id or ""


def tags_of(call: Call) -> dict[str, str]:
    """The tags of a call: those its client sent and those that modules gave it."""
    return cast("dict[str, str]", call.notes.get("tags") or {})


def payers_of_call(call: Call) -> Payers:
    caller = call.caller
    return Payers(
        caller.tenant, call.project, user_of(call), caller.key_id or "", call.session, call.notes.get("tags") or NO_TAGS
    )  # fmt: skip


def payers_of_run(run: Closed) -> Payers:
    return Payers(run.tenant, run.project, run.user_id, run.key_id, run.session, run_tags(run.metadata))


def payers_of_beginning(opened: Opened) -> Payers:
    return Payers(opened.tenant, opened.project, opened.user_id, opened.key_id, opened.session, opened.tags)


def run_tags(metadata: Mapping[str, Any]) -> Mapping[str, str]:
    """The tags in the metadata of a run."""
    tags = metadata.get("tags") if metadata else None
    if not isinstance(tags, dict):
        return NO_TAGS
    pairs = cast("dict[Any, Any]", tags).items()
    return {name: value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}
