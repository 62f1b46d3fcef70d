"""The client wires of Anthropic: `POST /v1/messages` and `POST /v1/messages/count_tokens`."""

from __future__ import annotations

from typing import cast

import msgspec

from headgate.call.call import View
from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.anthropic.facts import read_reply, watch
from headgate.wire.anthropic.forms import from_stream, stream_error, to_stream
from headgate.wire.node import answer_of, count_of
from headgate.wire.requests import canonical_without, parser, preview_of, renamed_body
from headgate.wire.shape import ReplyFacts, WireSpec

# What cannot change an answer, so that requests which differ only in it share one stored answer.
NOT_IN_CACHE_KEY = frozenset({
    "model",  # the key holds the routed name, without provider prefix
    "stream",  # a stored answer is streamed or not, as asked
    "metadata",  # names an end user to the provider's abuse watch; ours is `X-Punk-Subject`, which the key holds
    "service_tier",  # price and speed, not content
    "cache_control",  # marks for the provider's own prompt cache: price and speed, not content
    "diagnostics",  # asks why that cache was missed
})  # fmt: skip


class Turn(msgspec.Struct, gc=False):
    """What we read of a message."""

    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")


class MessagesView(View, kw_only=True):
    """What we read of a request."""

    messages: list[Turn]
    max_tokens: int


class CountView(View, kw_only=True):
    """The same of a request to count tokens."""

    messages: list[Turn]


def _check_turns(turns: list[Turn]) -> None:
    if not turns:
        raise BadRequest("messages: at least one message is required.", param="messages")
    for index, turn in enumerate(turns):
        if not turn.role:
            raise BadRequest(f"messages.{index}.role: must not be empty.", param=f"messages[{index}].role")


def _check(view: MessagesView) -> None:
    _check_turns(view.messages)
    if view.max_tokens < 0:
        raise BadRequest("max_tokens: must not be negative.", param="max_tokens")


def _check_count(view: CountView) -> None:
    _check_turns(view.messages)


def cache_form(body: bytes) -> bytes:
    """Canonical bytes of what can change the answer."""
    return canonical_without(body, NOT_IN_CACHE_KEY)


def last_user_text(view: View) -> str:
    """The beginning of the last message of the user that holds text."""
    turns = cast(MessagesView | CountView, view).messages
    found = (preview_of(turn.content) for turn in reversed(turns) if turn.role == "user")
    return next((text for text in found if text), "")


def read_count(body: bytes) -> ReplyFacts:
    """The facts of a count: it costs nothing and uses nothing."""
    raw = json.encode({"input_tokens": count_of(answer_of(body).get("input_tokens"))})
    return ReplyFacts(Usage(known=True), raw, "", tool_calls=False, model="")


SPEC = WireSpec(
    wire="anthropic.messages",
    path="/v1/messages",
    parse=parser(MessagesView, _check),
    upstream_body=renamed_body,
    read_reply=read_reply,
    cache_form=cache_form,
    last_user_text=last_user_text,
    watch=watch,
    to_stream=to_stream,
    from_stream=from_stream,
    stream_error=stream_error,
)

COUNT_SPEC = WireSpec(
    wire="anthropic.count_tokens",
    path="/v1/messages/count_tokens",
    parse=parser(CountView, _check_count),
    upstream_body=renamed_body,
    read_reply=read_count,
    cache_form=cache_form,
    last_user_text=last_user_text,
)
