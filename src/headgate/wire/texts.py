"""The texts of a call and of its answer, whatever their wire: read them, change them, know what could not be read.

A body is decoded once and walked once; the texts stay on the call as long as its body is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from headgate.call.call import Call, Reply
from headgate.kernel import json
from headgate.wire.merge import merge_texts
from headgate.wire.spec import WIRES
from headgate.wire.sse import DONE, read_event, split_events
from headgate.wire.text_deltas import Delta, delta_texts
from headgate.wire.text_edits import edited
from headgate.wire.text_walks import REPLIES, REQUESTS, Path, Text, Walk

__all__ = [
    "Delta",
    "Path",
    "Reading",
    "Text",
    "change_body",
    "delta_texts",
    "read_reply",
    "read_request",
    "reply_text",
    "reply_texts",
    "request_texts",
    "rewrite_reply",
    "rewrite_request",
    "stream_texts",
]

_REQUEST, _REPLY = "texts.request", "texts.reply"
_SAID = frozenset({"assistant"})


class Reading:
    """A body as it was read: the decoded tree, its texts, and what in it is not text. `tree` is None for what is no JSON."""

    __slots__ = ("body", "texts", "tree", "unread")

    def __init__(self, body: bytes, tree: Any, walk: Walk) -> None:
        self.body = body
        self.tree = tree
        self.texts = tuple(walk.texts)
        self.unread = tuple(dict.fromkeys(walk.unread))

    def get(self, name: str) -> Any:
        """A member of the body; None when it has none of that name."""
        tree: object = self.tree
        return cast("dict[str, Any]", tree).get(name) if isinstance(tree, dict) else None


def read_request(call: Call) -> Reading:
    """What the body of `call` says. Decoded once for as long as the body stays the same."""
    known: Reading | None = call.notes.get(_REQUEST)
    if known is None or known.body is not call.body:
        known = call.notes[_REQUEST] = _read(call.body, REQUESTS, call.wire)
    return known


def read_reply(call: Call, reply: Reply) -> Reading:
    """What the whole body of an answer to `call` says."""
    known: Reading | None = call.notes.get(_REPLY)
    if known is None or known.body is not reply.body:
        known = call.notes[_REPLY] = _read(reply.body, REPLIES, call.wire)
    return known


def request_texts(call: Call) -> tuple[Text, ...]:
    """Every text of the request: of the system, the user, the assistant, tools, and what is said of tools."""
    return read_request(call).texts


def reply_texts(call: Call, reply: Reply) -> tuple[Text, ...]:
    """Every text of a whole answer."""
    return read_reply(call, reply).texts


def reply_text(call: Call, reply: Reply) -> str:
    """What the model said in a whole answer, without its thinking; of several choices the first."""
    said = [text for text in reply_texts(call, reply) if text.role in _SAID and text.path[-1] != "refusal"]
    if not said:
        return ""
    first = said[0].path[:2] if said[0].path[0] in ("choices", "candidates") else ()
    return "".join([text.text for text in said if text.path[: len(first)] == first])


def stream_texts(wire: str, stream: bytes) -> list[tuple[str, str]]:
    """The texts of a whole stream by role, each put together from its pieces."""
    channels: dict[Any, tuple[str, list[str]]] = {}
    whole: list[tuple[str, str]] = []
    events, rest = split_events(merge_texts(stream))
    for event in (*events, rest):
        data = read_event(event).data if event else None
        if not data or data == DONE:
            continue
        try:
            tree = json.decode(data)
        except ValueError:
            continue
        for delta in delta_texts(wire, tree):
            if delta.whole:
                whole.append((delta.role, delta.text))
            else:
                channels.setdefault(delta.channel, (delta.role, []))[1].append(delta.text)
    said = [(role, "".join(pieces)) for role, pieces in channels.values()]
    return said + [each for each in dict.fromkeys(whole) if each not in said]


def rewrite_request(call: Call, changes: Mapping[Path, str]) -> None:
    """Put other texts in the place of those at the paths of `changes`; every other byte of the body stays."""
    if changes:
        change_body(call, edited(call.body, changes))


def change_body(call: Call, body: bytes) -> None:
    """`call` has another body: its view, and with it what lists and the record show of it, follow."""
    if body is call.body:
        return
    old = call.view
    call.body = body
    call.notes.pop(_REQUEST, None)
    spec = WIRES.get(call.endpoint)
    if spec is not None:
        call.view = spec.parse(body)
        call.view.model, call.view.stream = old.model, old.stream


def rewrite_reply(call: Call, reply: Reply, changes: Mapping[Path, str]) -> None:
    """The same for a whole answer. It is then no longer what the run it came from sent."""
    if not changes:
        return
    reply.body = edited(reply.body, changes)
    reply.same_as = ""
    call.notes.pop(_REPLY, None)


def _read(body: bytes, walkers: Mapping[str, Any], wire: str) -> Reading:
    walk = Walk()
    try:
        tree = json.decode(body) if body else None
    except ValueError:
        tree = None
    if isinstance(tree, dict):
        walkers.get(wire, walkers["passthrough"])(walk, tree)
    elif isinstance(tree, str | list):
        walk.free("user" if walkers is REQUESTS else "assistant", (), cast(object, tree))
    elif body:
        walk.unread.append("body")
    return Reading(body, tree, walk)
