"""The talk before a response: what `previous_response_id` stands for, put in front of a request's own input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import msgspec

from headgate.call.call import Call
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.members import members, remove, replace
from headgate.wire.requests import renamed_body

NOTE = "responses.history"
PROVIDER = "provider"  # the note that names whom the call is sent to
_MESSAGE = b'{"type":"message","role":"user","content":%b}'

_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class PreviousNotFound(BadRequest):
    """There is no response that the call could go on from."""

    code = "previous_response_not_found"

    def __init__(self, response_id: str) -> None:
        message = f"Previous response with id '{response_id}' not found."
        super().__init__(message, param="previous_response_id")


class History(NamedTuple):
    """All items of the talk so far, as they stood there. `home` is the provider that keeps the talk under the same id."""

    items: tuple[bytes, ...]
    home: str = ""


class _Input(msgspec.Struct, gc=False):
    input: msgspec.Raw = msgspec.Raw(b"null")


class _Output(msgspec.Struct, gc=False):
    output: list[msgspec.Raw] | None = None


_read_input = msgspec.json.Decoder(_Input).decode
_read_output = msgspec.json.Decoder(_Output).decode


def sent_body(call: Call) -> bytes:
    """For a provider of the same format: the client's bytes, with the talk before unless the provider knows it."""
    body = renamed_body(call)
    history = cast("History | None", call.notes.get(NOTE))
    if history is None or (history.home and history.home == call.notes.get(PROVIDER)):
        return body
    return with_items(remove(body, "previous_response_id"), history.items)


def whole_body(call: Call) -> bytes:
    """For a provider of another format: everything that was said, in one request. Raises PreviousNotFound."""
    history = cast("History | None", call.notes.get(NOTE))
    if history is not None:
        return with_items(call.body, history.items)
    previous = getattr(call.view, "previous_response_id", None)
    if previous:  # it may be known to a provider of this format, but to no other
        raise PreviousNotFound(previous)
    return call.body


def with_items(body: bytes, items: Sequence[bytes]) -> bytes:
    """`items` in front of the input of `body`."""
    every = b"[" + b",".join([*items, *input_items(body)]) + b"]"
    if not any(member.key == "input" for member in members(body)):
        return body.rstrip()[:-1] + b',"input":' + every + b"}"
    return replace(body, "input", every)


def input_items(body: bytes) -> list[bytes]:
    """The items of a request's own input; a text is a message of the user."""
    raw = _read_input(body).input
    if bytes(raw) == b"null":
        return []
    if bytes(raw).startswith(b"["):
        return [bytes(item) for item in _items(raw)]
    return [_MESSAGE % bytes(raw)]


def output_items(body: bytes) -> list[bytes]:
    """The items of a whole response."""
    return [bytes(item) for item in _read_output(body).output or ()]


def numbered(items: Sequence[bytes], seed: str) -> list[bytes]:
    """Items as a list of them shows: each with an id."""
    out: list[bytes] = []
    for index, item in enumerate(items):
        fields = json.decode(item)
        if not fields.get("id"):
            fields["id"] = f"{'msg' if fields.get('type', 'message') == 'message' else 'item'}_{seed}_{index}"
        fields.setdefault("type", "message")
        if fields["type"] == "message":
            fields.setdefault("status", "completed")
            if isinstance(fields.get("content"), str):
                kind = "output_text" if fields.get("role") == "assistant" else "input_text"
                fields["content"] = [{"type": kind, "text": fields["content"]}]
        out.append(json.encode(fields))
    return out
