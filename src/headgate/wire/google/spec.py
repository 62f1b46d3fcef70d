"""Google: `POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent` and `:countTokens`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qs

import msgspec

from headgate.call.call import Call, View
from headgate.kernel.errors import BadRequest, GatewayError, google_envelope
from headgate.wire.google.facts import read_count, read_reply
from headgate.wire.google.streams import from_stream, to_stream
from headgate.wire.google.watching import watch
from headgate.wire.requests import canonical_without, parser, preview_of
from headgate.wire.shape import WireSpec
from headgate.wire.sse import data_event

PATH = "/v1beta/models/{model}:"
# What cannot change an answer, so that requests which differ only in it share one stored answer.
NOT_IN_CACHE_KEY = frozenset({
    "model",  # some send the path's model in the body too; the key holds the routed name
    "labels",  # for the provider's bill
    "store",  # whether the provider keeps a copy
})  # fmt: skip


class _Content(msgspec.Struct, gc=False):
    """What we read of a content."""

    role: str | None = None
    parts: msgspec.Raw = msgspec.Raw(b"null")


class _Config(msgspec.Struct, gc=False):
    temperature: float | None = None


class GoogleView(
    View, kw_only=True, rename={"config": "generationConfig", "snake_config": "generation_config"}
):
    """What we read of a request. Field names come in two spellings, as Google takes both."""

    model: str = ""
    contents: list[_Content] | None = None
    config: _Config | None = None
    snake_config: _Config | None = None


class _Whole(msgspec.Struct, gc=False):
    contents: list[_Content] | None = None


class CountView(
    GoogleView,
    kw_only=True,
    rename={"whole": "generateContentRequest", "snake_whole": "generate_content_request"},
):
    """A request to count: contents, or the whole request that would be sent."""

    whole: _Whole | None = None
    snake_whole: _Whole | None = None


def _check(view: GoogleView) -> None:
    if not view.contents:
        raise BadRequest("Invalid 'contents': expected at least one content.", param="contents")
    config = view.config or view.snake_config
    if config is not None:
        view.temperature = config.temperature


def _check_count(view: CountView) -> None:
    whole = view.whole or view.snake_whole
    view.contents = view.contents or (whole.contents if whole else None)
    if not view.contents:
        raise BadRequest("Invalid 'contents': expected at least one content.", param="contents")


_parse: Callable[[bytes], GoogleView] = parser(GoogleView, _check, needs_model=False)
parse_count: Callable[[bytes], CountView] = parser(CountView, _check_count, needs_model=False)


def parse(body: bytes) -> GoogleView:
    return _parse(body)


def parse_stream(body: bytes) -> GoogleView:
    """The same for the path that streams."""
    view = _parse(body)
    view.stream = True
    return view


def cache_form(body: bytes) -> bytes:
    """Canonical bytes of what can change the answer."""
    return canonical_without(body, NOT_IN_CACHE_KEY)


def last_user_text(view: View) -> str:
    """The beginning of the last content of the user."""
    for content in reversed(cast(GoogleView, view).contents or []):
        if content.role in (None, "", "user"):
            return preview_of(content.parts)
    return ""


def upstream_body(call: Call) -> bytes:
    """The client's bytes: the model is in the path."""
    return call.body


def stream_error(error: GatewayError) -> bytes:
    """The event that ends a stream which broke after its first byte had left."""
    return data_event(google_envelope(error))


def wants_array(query: bytes) -> bool:
    """Does the client of a stream want an array, as it does when it does not ask for events?"""
    return parse_qs(query.decode("latin-1")).get("alt", [""])[-1] != "sse"


def _spec(verb: str, **told: Any) -> WireSpec:
    usual: dict[str, Any] = {"wire": "google.generate", "read_reply": read_reply}
    return WireSpec(
        path=PATH + verb,
        upstream_body=upstream_body,
        cache_form=cache_form,
        last_user_text=last_user_text,
        model_in_path=True,
        **(usual | told),
    )


GENERATE = _spec("generateContent", parse=parse)
STREAM = _spec(
    "streamGenerateContent", parse=parse_stream, watch=watch, to_stream=to_stream, from_stream=from_stream,
    stream_error=stream_error,
)  # fmt: skip
COUNT = _spec("countTokens", wire="google.count_tokens", parse=parse_count, read_reply=read_count)
SPECS = (GENERATE, STREAM, COUNT)
