"""Requests that go to a provider as they came: what can be read of any body, and the usage in any provider's answer."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from headgate.call.call import Call, View
from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.anthropic.usage import tokens_of as anthropic_tokens
from headgate.wire.google.facts import read_usage as google_usage
from headgate.wire.requests import parser, renamed_body
from headgate.wire.responses.facts import read_usage as responses_usage
from headgate.wire.shape import ReplyFacts, WireSpec
from headgate.wire.sse import read_event, split_events
from headgate.wire.translate import usage_of
from headgate.wire.usage import read_usage as chat_usage

RAW = "/v1/passthrough"
FAMILIES = (
    "/v1/images/",
    "/v1/audio/",
    "/v1/moderations",
    "/v1/rerank",
    "/v1/files",
    "/v1/batches",
    f"{RAW}/",
)
JSON_TYPES = (b"application/json", b"text/json")
MAX_EVENT = 4 * 1024 * 1024
_BOUNDARY = re.compile(rb'boundary=(?:"([^"\r\n]{1,200})"|([^;"\s]{1,200}))', re.IGNORECASE)
_MODEL_FIELD = re.compile(
    rb'content-disposition:[^\r\n]*[;\s]name="?model"?(?:;|\s*$)', re.IGNORECASE | re.MULTILINE
)
MAX_MODEL = 512
_ANTHROPIC = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"})


def is_passed(path: str) -> bool:
    """Does a request at `path` go on as it came, whatever its body is?"""
    return path.startswith(FAMILIES)


def is_json(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip().lower() in JSON_TYPES


class PassedView(View):
    """What we read of a JSON body."""

    model: str = ""


_parse_json = parser(PassedView, needs_model=False)


def view_of(body: bytes, content_type: bytes) -> View:
    """Model and stream, where the body says them: in JSON, or in a form's field `model`. Raises BadRequest."""
    if content_type.lower().startswith(b"multipart/"):
        span = _model_span(body, content_type)
        return View("" if span is None else body[span[0] : span[1]].decode("utf-8", "replace"))
    return _parse_json(body) if body and is_json(content_type) else View("")


def _model_span(body: bytes, content_type: bytes) -> tuple[int, int] | None:
    """Where the field `model` of a form has its value. Raises BadRequest when there are two."""
    told = _BOUNDARY.search(content_type)
    if told is None:
        return None
    mark = b"--" + (told[1] or told[2])
    found: tuple[int, int] | None = None
    at = body.find(mark)
    while at >= 0:
        end = body.find(b"\r\n" + mark, at + 1)
        head_end = body.find(b"\r\n\r\n", at, end if end >= 0 else len(body))
        if end < 0 or head_end < 0:
            return found
        if _MODEL_FIELD.search(body[at:head_end].replace(b"\r\n", b"\n")):
            if found is not None:
                raise BadRequest("The form names a model twice.", param="model")
            if end - head_end - 4 > MAX_MODEL:
                raise BadRequest("The form's model is too long.", param="model")
            found = (head_end + 4, end)
        at = end + 2
    return found


def parse(body: bytes) -> View:
    """After a change by a module: what was no JSON says nothing."""
    return view_of(body, b"application/json" if body[:1] in (b"{", b"[") else b"")


def with_model(call: Call, body: bytes, content_type: bytes) -> bytes:
    """The body with the model as it is called at the provider."""
    if not call.view.model or call.model == call.view.model:
        return body
    if is_json(content_type):
        return renamed_body(call)
    span = _model_span(body, content_type) if content_type.lower().startswith(b"multipart/") else None
    return body if span is None else body[: span[0]] + call.model.encode() + body[span[1] :]


class _Told(msgspec.Struct):
    """Where providers put usage and model, in whole answers and in events."""

    usage: Any = None
    usageMetadata: Any = None  # noqa: N815 - Google's name
    model: Any = None
    response: Any = None
    message: Any = None


_read_told = msgspec.json.Decoder(_Told).decode


class UsageFinder:
    """Gathers what answers and events tell of usage; what is told later counts."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.model = ""

    def look(self, data: bytes) -> None:
        """Raises ValueError when `data` is no JSON object."""
        told = _read_told(data)
        for inner in (told.response, told.message):
            if isinstance(inner, dict):
                self._take(cast("dict[str, Any]", inner))
        self._take({"usage": told.usage, "usageMetadata": told.usageMetadata, "model": told.model})

    def _take(self, fields: dict[str, Any]) -> None:
        for usage in (fields.get("usage"), fields.get("usageMetadata")):
            if isinstance(usage, dict):
                self.told.update(
                    {key: each for key, each in cast("dict[str, Any]", usage).items() if each is not None}
                )
        if isinstance(model := fields.get("model"), str):
            self.model = model

    def facts(self) -> ReplyFacts:
        raw = json.encode(self.told) if self.told else b""
        return ReplyFacts(_usage(self.told, raw), raw, "stop", False, self.model)


def _usage(told: dict[str, Any], raw: bytes) -> Usage:
    if "prompt_tokens" in told:
        return chat_usage(raw)
    if "promptTokenCount" in told:
        return google_usage(raw)
    if "input_tokens" in told:
        return usage_of(anthropic_tokens(raw)) if _ANTHROPIC & told.keys() else responses_usage(raw)
    return Usage()


def read_reply(body: bytes) -> ReplyFacts:
    """Usage and model of a whole answer. Raises ValueError when it is no JSON object."""
    finder = UsageFinder()
    try:
        finder.look(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return finder.facts()


class PassedWatch:
    """Watches events on their way through; they leave as they came."""

    def __init__(self) -> None:
        self.done = False
        self.error: bytes | None = None
        self._rest = b""
        self._finder = UsageFinder()

    def feed(self, chunk: bytes) -> bytes:
        events, self._rest = split_events(self._rest + chunk)
        for event in events:
            self._look(event)
        if len(self._rest) > MAX_EVENT:
            self._rest = b""  # no event of a model is so long; its usage is not worth the memory
        return chunk

    def finish(self) -> bytes:
        if self._rest:
            self._look(self._rest)
        return b""

    def facts(self) -> ReplyFacts:
        return self._finder.facts()

    def _look(self, event: bytes) -> None:
        if b'"usage' not in event and b'"model"' not in event:
            return
        data = read_event(event).data
        if data is not None and data.startswith(b"{"):
            try:
                self._finder.look(data)
            except (ValueError, RecursionError):
                return


def _unchanged(body: bytes) -> bytes:
    return body


def _nothing(_view: View) -> str:
    return ""


SPEC = WireSpec(
    wire="passthrough",
    path=RAW,
    parse=parse,
    upstream_body=renamed_body,
    read_reply=read_reply,
    cache_form=_unchanged,
    last_user_text=_nothing,
    model_in_path=True,  # the fast seam leaves it to the routes
)
