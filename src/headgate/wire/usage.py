"""Reading a provider's usage object into the token classes that are priced, and the facts of a whole answer."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headgate.call.frames import Usage
from headgate.kernel import json

MAX_TOKENS = 2**53
TIERS = frozenset({"batch", "flex", "priority"})  # the usual way to be served has other names, and no tier


class _PromptDetails(msgspec.Struct, gc=False):
    audio_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_creation_tokens: int | None = None


class _CompletionDetails(msgspec.Struct, gc=False):
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    """The spellings in use: OpenAI's, DeepSeek's cache hits, Anthropic's names as gateways pass them on."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_tokens: int | None = None


_decode = msgspec.json.Decoder(_Usage).decode


def read_usage(raw: bytes, tier: str | None = None) -> Usage:
    """What `raw` says, and the tier that the answer says it was served by."""
    usage = _read_usage(raw)
    if tier in TIERS and usage.known:
        usage.tier = tier or ""
    return usage


def _read_usage(raw: bytes) -> Usage:
    """`raw` as token classes that add up; `known` False when the provider told nothing that can be used."""
    try:
        told = _decode(raw)
    except ValueError:
        told = _lenient(raw)
    if told is None or told.prompt_tokens is None:
        return Usage()
    return _token_classes(told, told.prompt_tokens, told.completion_tokens or 0)


def _token_classes(told: _Usage, prompt: int, completion: int) -> Usage:
    inside, made = told.prompt_tokens_details, told.completion_tokens_details
    cached = (
        (inside and inside.cached_tokens) or told.prompt_cache_hit_tokens or told.cache_read_input_tokens or 0
    )
    written = (
        (inside and (inside.cache_write_tokens or inside.cache_creation_tokens)) or told.cache_creation_input_tokens or 0
    )  # fmt: skip
    reasoning = (made and made.reasoning_tokens) or told.reasoning_tokens or 0
    if reasoning and told.total_tokens == prompt + completion + reasoning:
        completion += reasoning  # some count it beside the completion; it is paid as output all the same
    if not (0 <= prompt <= MAX_TOKENS and 0 <= completion <= MAX_TOKENS):
        return Usage()
    if cached or written or reasoning:
        cached = max(0, min(cached, prompt))
        written = max(0, min(written, prompt - cached))
        reasoning = max(0, min(reasoning, completion))
    usage = Usage(prompt, completion, cached, written, reasoning, True)
    if inside and inside.audio_tokens:
        usage.audio_input_tokens = max(0, min(inside.audio_tokens, prompt))
    if made and made.audio_tokens:
        usage.audio_output_tokens = max(0, min(made.audio_tokens, completion))
    return usage


def _lenient(raw: bytes) -> _Usage | None:
    """Usage with numbers in odd types: whole floats are taken, anything else counts as not told."""
    try:
        parsed = json.decode(raw)
        return msgspec.convert(_whole(parsed), _Usage) if isinstance(parsed, dict) else None
    except (ValueError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return {key: _whole(inner) for key, inner in pairs.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
