"""Rates of requests and of weighted tokens: what a limit is about, what a call is expected to cost and what it did cost.

One code path for every wire and for every kind of limit. A class of tokens counts as much as the limit says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import msgspec
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.modules.wildcards import Wildcards

What = Literal["requests", "tokens_in", "tokens_out", "tokens"]
BYTES_PER_TOKEN = 4  # of a request whose tokens nobody has counted yet
MAX_RATE = 60_000_000
MAX_WORD = b'"max'  # how every word for it begins


class Weights(BaseModel):
    """How much a token of each class counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(1.0, ge=0, le=100, description="Tokens of the prompt that were read anew.")
    cached: float = Field(
        0.0, ge=0, le=100, description="Tokens of the prompt that came from the provider's cache."
    )
    cache_write: float = Field(1.0, ge=0, le=100, description="Tokens written to the provider's cache.")
    output: float = Field(1.0, ge=0, le=100, description="Tokens of the answer.")
    reasoning: float = Field(1.0, ge=0, le=100, description="Tokens of thinking.")


EQUAL = Weights.model_validate({})


class Limit(BaseModel):
    """A rate for each key, user, ... of a tenant."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    what: What = Field("requests", description="requests, tokens_in, tokens_out or tokens (both).")
    rate: int = Field(
        60, validation_alias=AliasChoices("rate", "per_minute", "rpm", "tpm"), ge=1, le=MAX_RATE,
        description="How much a minute, spread evenly.",
    )  # fmt: skip
    burst: int = Field(0, ge=0, le=MAX_RATE, description="How much at once; 0 means as much as `rate`.")
    only: tuple[str, ...] = Field(
        (), description="Only for these names, with * for any rest; empty means all."
    )
    weights: Weights = Field(EQUAL, description="How much a token of each class counts.")
    estimated_output: int = Field(
        500, ge=0, le=1_000_000, description="Tokens expected of an answer when the caller names no maximum."
    )


class _Google(msgspec.Struct, gc=False):
    maxOutputTokens: int | None = None  # noqa: N815 - the wire's own spelling


class _Asked(msgspec.Struct, gc=False):
    """How long an answer may become, in the words of every wire."""

    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    max_output_tokens: int | None = None
    generationConfig: _Google | None = None  # noqa: N815 - the wire's own spelling


_asked = msgspec.json.Decoder(_Asked).decode


def max_output(call: Call, otherwise: int) -> int:
    """The most tokens the caller lets an answer have, or `otherwise`."""
    if MAX_WORD not in call.body:
        return otherwise
    try:
        asked = _asked(call.body)
    except msgspec.MsgspecError:
        return otherwise
    google = asked.generationConfig.maxOutputTokens if asked.generationConfig else None
    found = asked.max_completion_tokens or asked.max_tokens or asked.max_output_tokens or google
    return otherwise if found is None or found < 0 else found


class Rule:
    """One limit, ready to be asked. What does not change from call to call is worked out here."""

    def __init__(self, limit: Limit, prefix: str, name_of: Callable[[Call], str]) -> None:
        self.limit = limit
        self.rate = limit.rate
        self.burst = limit.burst or limit.rate
        self.is_of_tokens = limit.what != "requests"
        self._prefix = prefix
        self._name_of = name_of
        self._only = Wildcards(limit.only) if limit.only else None
        weights = limit.weights
        counts_in, counts_out = limit.what in ("tokens_in", "tokens"), limit.what in ("tokens_out", "tokens")
        self._input, self._cached, self._written = (
            (weights.input, weights.cached, weights.cache_write) if counts_in else (0.0, 0.0, 0.0)
        )
        self._output, self._reasoning = (weights.output, weights.reasoning) if counts_out else (0.0, 0.0)

    def key(self, call: Call) -> str | None:
        """What this call counts under; None when the limit is not about it."""
        name = self._name_of(call)
        if not name or (self._only is not None and self._only.match(name) is None):
            return None
        tenant = call.caller.tenant
        return f"{self._prefix}:{len(tenant)}:{tenant}:{name}"

    def estimate(self, call: Call) -> int:
        """What a call is expected to cost, and never more than there can be at once."""
        if not self.is_of_tokens:
            return 1
        cost = self._input * (len(call.body) // BYTES_PER_TOKEN)
        if self._output:
            cost += self._output * max_output(call, self.limit.estimated_output)
        return min(math.ceil(cost), self.burst)

    def actual(self, usage: Usage) -> int:
        """What it did cost, class by class."""
        cached, written, reasoning = usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens
        plain = max(usage.prompt_tokens - cached - written, 0)
        cost = plain * self._input + cached * self._cached + written * self._written
        plain = max(usage.completion_tokens - reasoning, 0)
        return math.ceil(cost + plain * self._output + reasoning * self._reasoning)
