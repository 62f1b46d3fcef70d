"""OpenAI responses: `POST /v1/responses`."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headgate.call.call import View
from headgate.kernel import json
from headgate.kernel.errors import BadRequest, GatewayError
from headgate.wire.openai_chat import NOT_IN_CACHE_KEY
from headgate.wire.requests import canonical_without, parser, preview_of
from headgate.wire.responses.events import from_stream, to_stream
from headgate.wire.responses.facts import read_reply
from headgate.wire.responses.history import sent_body, whole_body
from headgate.wire.responses.watching import watch
from headgate.wire.shape import WireSpec

_ARRAY, _TEXT = b"[", b'"'


class ResponsesView(View, kw_only=True):
    """What we read of a request. A stored prompt may name the model, so only the provider can miss it."""

    model: str = ""
    input: msgspec.Raw = msgspec.Raw(b"null")
    previous_response_id: str | None = None
    store: bool | None = None
    background: bool | None = None


class _Item(msgspec.Struct, gc=False):
    role: str = ""
    content: msgspec.Raw = msgspec.Raw(b"null")


_items = msgspec.json.Decoder(list[_Item]).decode


def _check(view: ResponsesView) -> None:
    given = memoryview(view.input)[:1].tobytes()
    if given not in (_TEXT, _ARRAY, b"n"):
        raise BadRequest("Invalid type for 'input': expected a string or an array.", param="input")
    if given == _ARRAY:
        _check_items(view.input)
    if view.previous_response_id == "":
        raise BadRequest("Invalid 'previous_response_id': empty string.", param="previous_response_id")


def _check_items(raw: msgspec.Raw) -> None:
    for index, item in enumerate(msgspec.json.decode(raw, type=list[Any])):
        if not isinstance(item, dict):
            param = f"input[{index}]"
            raise BadRequest(f"Invalid type for '{param}': expected an object.", param=param)


parse = parser(ResponsesView, _check, needs_model=False)


def cache_form(body: bytes) -> bytes:
    """Canonical bytes of what can change the answer. The names that are left out are explained at chat completions."""
    return canonical_without(body, NOT_IN_CACHE_KEY)


def last_user_text(view: View) -> str:
    """The beginning of what the user said last."""
    raw = cast(ResponsesView, view).input
    if memoryview(raw)[:1].tobytes() != _ARRAY:
        return preview_of(raw)
    try:
        items = _items(raw)
    except (ValueError, RecursionError):
        return ""
    return next((preview_of(item.content) for item in reversed(items) if item.role == "user"), "")


def stream_error(error: GatewayError) -> bytes:
    """The event that ends a stream which broke after its first byte had left."""
    data = {
        "type": "error",
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "sequence_number": 0,
    }
    return b"event: error\ndata: %b\n\n" % json.encode(data | error.detail)


SPEC = WireSpec(
    wire="openai.responses",
    path="/v1/responses",
    parse=parse,
    upstream_body=sent_body,
    read_reply=read_reply,
    cache_form=cache_form,
    last_user_text=last_user_text,
    watch=watch,
    to_stream=to_stream,
    from_stream=from_stream,
    stream_error=stream_error,
    whole_body=whole_body,
)
