"""OpenAI chat completions: `POST /v1/chat/completions`."""

from __future__ import annotations

from typing import cast

import msgspec

from headgate.call.call import View
from headgate.kernel.errors import BadRequest
from headgate.wire.chat_stream import from_stream, to_stream
from headgate.wire.facts import read_reply
from headgate.wire.requests import canonical_without, parser, preview_of, upstream_body
from headgate.wire.shape import StreamView, WireSpec
from headgate.wire.watch import watch

# What cannot change an answer, so that requests which differ only in it share one stored answer.
NOT_IN_CACHE_KEY = frozenset({
    "model",  # the key holds the routed name, without provider prefix
    "stream",  # a stored answer is streamed or not, as asked
    "stream_options",  # how the stream is dressed; usage is kept either way
    "user",  # names an end user to the provider's abuse watch; ours is `X-Punk-Subject`, which the key holds
    "safety_identifier",  # the same, in its newer spelling
    "metadata",  # labels on the provider's stored copy
    "store",  # whether the provider keeps a copy
    "prompt_cache_key",  # steers the provider's own prompt cache: price and speed, not content
    "prompt_cache_retention",  # likewise
    "prompt_cache_options",  # likewise
})  # fmt: skip


class Message(msgspec.Struct, gc=False):
    """What we read of a message."""

    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")


class ChatView(StreamView, kw_only=True):
    """What we read of a chat request."""

    messages: list[Message]


def _check(view: ChatView) -> None:
    if not view.messages:
        raise BadRequest("Invalid 'messages': empty array. Expected at least one message.", param="messages")
    for index, message in enumerate(view.messages):
        if not message.role:
            param = f"messages[{index}].role"
            raise BadRequest(f"Invalid '{param}': empty string.", param=param)


parse = parser(ChatView, _check)


def cache_form(body: bytes) -> bytes:
    """Canonical bytes of what can change the answer."""
    return canonical_without(body, NOT_IN_CACHE_KEY)


def last_user_text(view: View) -> str:
    """The beginning of the last message of the user."""
    for message in reversed(cast(ChatView, view).messages):
        if message.role == "user":
            return preview_of(message.content)
    return ""


SPEC = WireSpec(
    wire="openai.chat",
    path="/v1/chat/completions",
    parse=parse,
    upstream_body=upstream_body,
    read_reply=read_reply,
    cache_form=cache_form,
    last_user_text=last_user_text,
    watch=watch,
    to_stream=to_stream,
    from_stream=from_stream,
)
