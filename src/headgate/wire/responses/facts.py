"""What accounting and caching need to know of a response, whole or as the end of its stream."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.wire.neutral import Tokens
from headgate.wire.shape import ReplyFacts
from headgate.wire.usage import MAX_TOKENS

UNTOLD = msgspec.Raw(b"")
CALLS = frozenset({"function_call", "custom_tool_call"})
TIERS = frozenset({"flex", "priority", "batch"})
INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


class _Part(msgspec.Struct, gc=False):
    type: str = ""


class _Item(msgspec.Struct, gc=False):
    """What we read of an output item."""

    type: str = ""
    content: list[_Part] | None = None


class _Details(msgspec.Struct, gc=False):
    reason: str | None = None


class Response(msgspec.Struct, gc=False):
    """What we read of a response."""

    id: str = ""
    model: str = ""
    status: str | None = None
    output: list[_Item] | None = None
    usage: msgspec.Raw = UNTOLD
    incomplete_details: _Details | None = None
    error: msgspec.Raw = UNTOLD
    service_tier: str | None = None


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


_decode = msgspec.json.Decoder(Response).decode
_decode_usage = msgspec.json.Decoder(_Usage).decode


def read_response(body: bytes | msgspec.Raw) -> Response:
    """`body` as a Response; odd types in it are passed over. Raises ValueError when it is no JSON object."""
    try:
        return _decode(body)
    except msgspec.ValidationError:
        return _lenient(bytes(body))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_reply(body: bytes) -> ReplyFacts:
    """The facts of a whole answer. Raises ValueError when it is no JSON object."""
    return facts_of(read_response(body))


def facts_of(response: Response) -> ReplyFacts:
    raw = bytes(response.usage)
    if not raw.startswith(b"{"):
        raw = b""
    tools = any(item.type in CALLS for item in response.output or ())
    refused = any(part.type == "refusal" for item in response.output or () for part in item.content or ())
    usage = read_usage(raw)
    if usage.known and response.service_tier in TIERS:
        usage.tier = response.service_tier or ""
    return ReplyFacts(
        usage, raw, finish_of(response, tools=tools), tools, response.model, refused, response.id
    )


def finish_of(response: Response, *, tools: bool) -> str:
    """How it ended, in the words of chat completions; an answer that is still being made has not."""
    if response.status == "incomplete":
        reason = response.incomplete_details.reason if response.incomplete_details else None
        return INCOMPLETE.get(reason or "", reason or "incomplete")
    if response.status in (None, "completed"):
        return "tool_calls" if tools else "stop"
    return response.status or ""


def read_usage(raw: bytes) -> Usage:
    """`raw` as token classes that add up; `known` False when the provider told nothing that can be used."""
    tokens = tokens_of(raw)
    return Usage(
        tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning, tokens.known,
        audio_input_tokens=tokens.audio_in, audio_output_tokens=tokens.audio_out,
    )  # fmt: skip


def tokens_of(raw: bytes) -> Tokens:
    """The same in the neutral form."""
    try:
        told = _decode_usage(raw) if raw else _Usage()
    except (ValueError, RecursionError):
        return Tokens(raw=raw)
    if told.input_tokens is None:
        return Tokens(raw=raw)
    given, made = told.input_tokens, told.output_tokens or 0
    if not (0 <= given <= MAX_TOKENS and 0 <= made <= MAX_TOKENS):
        return Tokens(raw=raw)
    inside, outside = (
        told.input_tokens_details or _InputDetails(),
        told.output_tokens_details or _OutputDetails(),
    )
    cached = _within(inside.cached_tokens, given)
    return Tokens(
        input=given,
        output=made,
        cache_read=cached,
        cache_write=_within(inside.cache_write_tokens, given - cached),
        reasoning=_within(outside.reasoning_tokens, made),
        audio_in=_within(inside.audio_tokens, given),
        audio_out=_within(outside.audio_tokens, made),
        known=True,
        raw=raw,
    )


def _within(told: int | None, most: int) -> int:
    return max(0, min(told or 0, most))


def _lenient(body: bytes) -> Response:
    parsed = json.decode(body)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the value of the bytes is wrong, as with broken JSON
    fields = cast("dict[str, Any]", parsed)
    told: dict[str, Any] = {}
    for name in Response.__struct_fields__:
        if name not in fields:
            continue
        try:
            told[name] = msgspec.convert(fields[name], _TYPES[name])
        except (msgspec.ValidationError, KeyError):
            told[name] = msgspec.Raw(json.encode(fields[name])) if name in ("usage", "error") else None
    return Response(**{name: value for name, value in told.items() if value is not None})


_TYPES: dict[str, Any] = {
    "id": str, "model": str, "status": str, "output": list[_Item], "incomplete_details": _Details, "service_tier": str,
}  # fmt: skip
