"""What a call may cost, before it is made: at most (what is held for it) and at least (what decides for the last one)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.providers.prices import PriceBook

DEFAULT_OUTPUT = 2048  # tokens of an answer that nothing bounds
MEDIA_TOKENS = 3000  # an image or a page of a document, whatever the size of its file
LONG_DATA = 1024  # characters in a row that only encoded data has
BYTES_PER_MEDIA_TOKEN = 20
BYTES_PER_TOKEN = 4
LEAST_BYTES_PER_TOKEN = 6

NO_OUTPUT = frozenset({"openai.embeddings", "openai.models", "anthropic.count_tokens", "google.count_tokens"})
USUAL = frozenset({"auto", "default", "standard", "standard_only", "on_demand"})
FREE = frozenset({"openai.models", "anthropic.count_tokens", "google.count_tokens"})

_DATA = re.compile(rb"[A-Za-z0-9+/=_-]{%d,}" % LONG_DATA)
_LINKED = re.compile(rb'"(?:image_url|file_id|file_uri|fileUri|file_url)"')
_TEXTS = re.compile(rb'"(?:content|text|input|prompt|instructions|system)"\s*:\s*\[?\s*"((?:[^"\\]|\\.)*)"')


class Bounds(msgspec.Struct):
    """The fields of all wires that bound an answer. They may hold anything: the provider judges them."""

    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    best_of: Any = None
    google: Any = msgspec.field(default=None, name="generationConfig")
    google_too: Any = msgspec.field(default=None, name="generation_config")
    service_tier: Any = None
    speed: Any = None


_decode = msgspec.json.Decoder(Bounds).decode


def most_cost(call: Call, prices: PriceBook, provider: str, model: str) -> int | None:
    """Pico-dollars that the call can't cost more than, if the provider keeps to `max_tokens`; None: unknown price."""
    if call.wire in FREE:
        return 0
    bounds = _read(call)
    return prices.estimate(
        provider, model, prompt_bound(call.body), output_bound(call, bounds), tier=tier_asked(bounds)
    )


def least_cost(call: Call, prices: PriceBook, provider: str, model: str) -> int:
    """What the call costs when its prompt is as few tokens as such a text can be, and its answer as long as allowed."""
    prompt = sum(map(len, _TEXTS.findall(call.body))) // LEAST_BYTES_PER_TOKEN
    return prices.cost(provider, model, Usage(prompt, output_bound(call, _read(call)), known=True)) or 0


def likely_cost(call: Call, prices: PriceBook, provider: str, model: str) -> int | None:
    """What the call will cost about: four bytes of its body a token, its answer as long as allowed. None: unknown price."""
    if call.wire in FREE:
        return 0
    prompt = prompt_bound(call.body) // BYTES_PER_TOKEN
    return prices.cost(provider, model, Usage(prompt, output_limit(call), known=True))


def output_limit(call: Call) -> int:
    """Tokens that the answer may have, all choices together."""
    return output_bound(call, _read(call))


def prompt_bound(body: bytes) -> int:
    """Tokens that a request can't have more of: no token is shorter than a byte, and media are billed by their content."""
    bound = len(body)
    if bound > LONG_DATA:
        for found in _DATA.finditer(body):
            size = found.end() - found.start()
            bound += min(size, max(MEDIA_TOKENS, size // BYTES_PER_MEDIA_TOKEN)) - size
    return bound + MEDIA_TOKENS * len(_LINKED.findall(body))


def output_bound(call: Call, bounds: Bounds) -> int:
    """Tokens of the answer, all choices together."""
    if call.wire in NO_OUTPUT:
        return 0
    inner = bounds.google or bounds.google_too
    config = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    said = [
        bounds.max_tokens, bounds.max_completion_tokens, bounds.max_output_tokens,
        config.get("maxOutputTokens"), config.get("max_output_tokens"),
    ]  # fmt: skip
    choices = _counts([bounds.n, bounds.best_of, config.get("candidateCount")])
    return max(_counts(said), default=DEFAULT_OUTPUT) * max([1, *choices])


def tier_asked(bounds: Bounds) -> str:
    """The way of being served that the request asks for, "" for the usual one."""
    return next(
        (each for each in (bounds.service_tier, bounds.speed) if isinstance(each, str) and each not in USUAL),
        "",
    )


def _read(call: Call) -> Bounds:
    try:
        return _decode(call.body)
    except ValueError:  # no JSON: files and forms
        return Bounds()


def _counts(values: Sequence[Any]) -> list[int]:
    return [
        each for each in values if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**40
    ]
