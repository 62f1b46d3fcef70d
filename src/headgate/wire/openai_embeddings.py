"""OpenAI embeddings: `POST /v1/embeddings`. Never streamed."""

from __future__ import annotations

from typing import cast

import msgspec

from headgate.call.call import View
from headgate.call.frames import Usage
from headgate.kernel.errors import BadRequest
from headgate.wire.openai_completions import text_of
from headgate.wire.requests import canonical_without, parser, renamed_body
from headgate.wire.shape import ReplyFacts, WireSpec
from headgate.wire.usage import read_usage

NOT_IN_CACHE_KEY = frozenset({
    "model",  # the key holds the routed name
    "user",  # names an end user to the provider's abuse watch
})  # fmt: skip


class EmbeddingView(View, kw_only=True):
    """What we read of an embedding request: a text, a list of texts, a list of tokens or a list of those."""

    input: msgspec.Raw


def _check(view: EmbeddingView) -> None:
    if memoryview(view.input)[:1].tobytes() not in (b'"', b"["):
        raise BadRequest("Invalid type for 'input': expected a string or an array.", param="input")
    if view.stream:
        raise BadRequest("Invalid 'stream': embeddings are not streamed.", param="stream")


parse = parser(EmbeddingView, _check)


class _Answer(msgspec.Struct, gc=False):
    model: str = ""
    usage: msgspec.Raw = msgspec.Raw(b"null")


_decode = msgspec.json.Decoder(_Answer).decode


def read_reply(body: bytes) -> ReplyFacts:
    """The facts of a whole answer. Raises ValueError when it is no JSON object."""
    try:
        answer = _decode(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    raw = bytes(answer.usage)
    told = raw.startswith(b"{")
    return ReplyFacts(read_usage(raw) if told else Usage(), raw if told else b"", "", False, answer.model)


def cache_form(body: bytes) -> bytes:
    """Canonical bytes of what can change the answer."""
    return canonical_without(body, NOT_IN_CACHE_KEY)


def last_user_text(view: View) -> str:
    """The beginning of the input, or of its first text."""
    return text_of(cast(EmbeddingView, view).input)


SPEC = WireSpec(
    wire="openai.embeddings",
    path="/v1/embeddings",
    parse=parse,
    upstream_body=renamed_body,
    read_reply=read_reply,
    cache_form=cache_form,
    last_user_text=last_user_text,
)
