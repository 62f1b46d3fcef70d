"""OpenAI text completions: `POST /v1/completions`."""

from __future__ import annotations

from typing import cast

import msgspec

from headgate.call.call import View
from headgate.kernel.errors import BadRequest
from headgate.wire.facts import read_reply
from headgate.wire.openai_chat import NOT_IN_CACHE_KEY
from headgate.wire.requests import canonical_without, parser, preview_of, upstream_body
from headgate.wire.shape import StreamView, WireSpec
from headgate.wire.text_stream import from_stream, to_stream
from headgate.wire.watch import watch

_KINDS = (b'"', b"[", b"n")  # text, a list of texts or tokens, null


class CompletionView(StreamView, kw_only=True):
    """What we read of a completion request. Without a prompt the model begins a new document."""

    prompt: msgspec.Raw = msgspec.Raw(b"null")


def _check(view: CompletionView) -> None:
    if memoryview(view.prompt)[:1].tobytes() not in _KINDS:
        raise BadRequest("Invalid type for 'prompt': expected a string or an array.", param="prompt")


parse = parser(CompletionView, _check)


def cache_form(body: bytes) -> bytes:
    """Canonical bytes of what can change the answer."""
    return canonical_without(body, NOT_IN_CACHE_KEY)


def last_user_text(view: View) -> str:
    """The beginning of the prompt, or of the prompts; tokens have no text."""
    return text_of(cast(CompletionView, view).prompt)


def text_of(raw: msgspec.Raw) -> str:
    """The beginning of a text or of the first of several; empty for tokens."""
    if memoryview(raw)[:1].tobytes() == b"[":
        try:
            texts = _first(raw)
        except (ValueError, RecursionError):
            return ""
        return preview_of(texts[0]) if texts and memoryview(texts[0])[:1].tobytes() == b'"' else ""
    return preview_of(raw)


_first = msgspec.json.Decoder(list[msgspec.Raw]).decode

SPEC = WireSpec(
    wire="openai.completions",
    path="/v1/completions",
    parse=parse,
    upstream_body=upstream_body,
    read_reply=read_reply,
    cache_form=cache_form,
    last_user_text=last_user_text,
    watch=watch,
    to_stream=to_stream,
    from_stream=from_stream,
)
