"""The conversation in a request, whatever its wire: its messages, its system text, and how to add to either."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import msgspec

from headgate.call.call import Call
from headgate.kernel import json
from headgate.wire.members import members as members_of
from headgate.wire.members import remove
from headgate.wire.text_edits import edited
from headgate.wire.text_walks import REQUESTS, ROLES, Node, Walk
from headgate.wire.texts import change_body, read_request

__all__ = [
    "Message",
    "append_user_text",
    "messages",
    "new_message",
    "set_messages",
    "set_system_text",
    "system_text",
]

_LISTS = MappingProxyType({
    "openai.chat": "messages", "anthropic.messages": "messages", "anthropic.count_tokens": "messages",
    "openai.responses": "input", "google.generate": "contents", "google.count_tokens": "contents",
})  # fmt: skip
_TIES = ("id", "call_id", "tool_call_id", "tool_use_id")
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_BETWEEN = "\n\n"


class Message(NamedTuple):
    """One message as JSON text. `ties`: ids of the tool calls it makes or answers; messages that share one belong together."""

    role: str
    text: str
    raw: bytes
    ties: frozenset[str] = frozenset()


def messages(call: Call) -> list[Message]:
    """The messages of a conversation in order; empty for wires that have none. System messages that stand in the list
    are among them; a system text beside the list is not: see `system_text`."""
    name = _LISTS.get(call.wire)
    node = read_request(call).get(name) if name is not None else None
    if isinstance(node, str):
        return [new_message(call, "user", node)]
    if not isinstance(node, list) or name is None:
        return []
    raws = _items(_value(call.body, name))
    found: list[Message] = []
    turn = 0  # Google's tool calls may have no ids: an answer belongs to the message before it
    for raw, item in zip(raws, cast(list[Any], node), strict=True):
        message = _message(call.wire, item, bytes(raw))
        if call.wire.startswith("google."):
            turn += message.role != "tool"
            if _uses_tools(cast(Node, item)):
                message = message._replace(ties=message.ties | {f"turn {turn}"})
        found.append(message)
    return found


def new_message(call: Call, role: str, text: str) -> Message:
    """A message of `call`'s wire. Roles: user, assistant, and system where the wire has it in the list."""
    if call.wire.startswith("google."):
        node: Node = {"role": "model" if role == "assistant" else "user", "parts": [{"text": text}]}
    else:
        node = {"role": role, "content": text}
        if call.wire == "openai.responses":
            node = {"type": "message", **node}
    return Message(role, text, json.encode(node))


def set_messages(call: Call, kept: Sequence[Message]) -> None:
    """Make `kept` the messages of the call. Those that were there before keep their bytes."""
    name = _LISTS.get(call.wire)
    if name is not None:
        raw = msgspec.Raw(b"[" + b",".join([message.raw for message in kept]) + b"]")
        change_body(call, edited(call.body, {(name,): raw}))


def append_user_text(call: Call, text: str) -> bool:
    """Say `text` as the user at the end of the conversation. False for a wire in which nobody can say anything."""
    if call.wire in _LISTS:
        set_messages(call, [*messages(call), new_message(call, "user", text)])
        return True
    prompt = read_request(call).get("prompt") if call.wire == "openai.completions" else None
    if not isinstance(prompt, str):
        return False
    change_body(call, edited(call.body, {("prompt",): prompt + _BETWEEN + text}))
    return True


def system_text(call: Call) -> str:
    """What the system says, in one piece."""
    return _BETWEEN.join(text.text for text in read_request(call).texts if text.role == "system")


def set_system_text(call: Call, text: str) -> bool:
    """Let the system say `text` and nothing else; an empty one says nothing. False for a wire without a system text."""
    if call.wire == "openai.chat":
        _set_system_message(call, text)
    elif call.wire.startswith("anthropic."):
        _set_member(call, ("system",), _anthropic_system(call, text) if text else None)
    elif call.wire == "openai.responses":
        rest = [message for message in messages(call) if message.role != "system"]
        if len(rest) < len(messages(call)):
            set_messages(call, rest)
        _set_member(call, ("instructions",), text or None)
    elif call.wire.startswith("google."):
        old = (
            "systemInstruction"
            if read_request(call).get("system_instruction") is None
            else "system_instruction"
        )
        _set_member(call, (old,), {"parts": [{"text": text}]} if text else None)
    else:
        return False
    return True


def _set_system_message(call: Call, text: str) -> None:
    found = messages(call)
    role = next((json.decode(each.raw)["role"] for each in found if each.role == "system"), "system")
    rest = [message for message in found if message.role != "system"]
    set_messages(call, [new_message(call, role, text), *rest] if text else rest)


def _anthropic_system(call: Call, text: str) -> Any:
    old: object = read_request(call).get("system")
    blocks = cast(list[Node], old) if isinstance(old, list) else []
    marks = [block["cache_control"] for block in blocks if "cache_control" in block]
    return [{"type": "text", "text": text, "cache_control": marks[-1]}] if marks else text


def _set_member(call: Call, path: tuple[str], value: Any) -> None:
    change_body(call, remove(call.body, path[0]) if value is None else edited(call.body, {path: value}))


def _value(body: bytes, name: str) -> bytes:
    return next(body[each.start : each.end] for each in reversed(members_of(body)) if each.key == name)


def _message(wire: str, item: object, raw: bytes) -> Message:
    if not isinstance(item, dict):
        return Message("user", item if isinstance(item, str) else "", raw)
    node = cast(Node, item)
    walk = Walk()
    list_name = _LISTS[wire]
    REQUESTS[wire](walk, {list_name: [node]})
    return Message(_role(node), _BETWEEN.join(text.text for text in walk.texts), raw, frozenset(_ties(node)))


def _role(node: Node) -> str:
    kind = node.get("type", "message")
    if kind == "message":
        role = ROLES.get(node.get("role", ""), "user")
        return "tool" if role == "user" and _answers(node) else role
    return "tool" if str(kind).endswith("_output") else "assistant"


def _parts(node: Node) -> Iterable[Node]:
    for name in ("content", "parts", "tool_calls"):
        value = node.get(name)
        if isinstance(value, list):
            yield from (cast(Node, part) for part in cast(list[Any], value) if isinstance(part, dict))


def _answers(node: Node) -> bool:
    """Does this message only bring what tools answered?"""
    return any(
        str(part.get("type", "")).endswith("tool_result")
        or "functionResponse" in part
        or "function_response" in part
        for part in _parts(node)
    )


def _uses_tools(node: Node) -> bool:
    names = {"functionCall", "function_call", "functionResponse", "function_response"}
    return any(names & part.keys() for part in _parts(node))


def _ties(node: Node) -> Iterable[str]:
    kind = str(node.get("type", "message"))
    holders = [node] if kind != "message" or node.get("role") == "tool" else []
    for part in [*holders, *_parts(node)]:
        yield from (
            part[name]
            for name in _TIES
            if isinstance(part.get(name), str) and (name != "id" or kind == "message")
        )
        for name in ("functionCall", "functionResponse", "function_call", "function_response"):
            inner = part.get(name)
            if isinstance(inner, dict) and isinstance(cast(Node, inner).get("id"), str):
                yield cast(Node, inner)["id"]
