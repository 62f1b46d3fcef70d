"""Anthropic's usage: what was read from and written to the prompt cache stands beside the input, not inside it."""

from __future__ import annotations

import msgspec

from headgate.kernel import json
from headgate.wire.neutral import Fields, Tokens
from headgate.wire.node import count_of, object_of


def tokens_of(raw: bytes) -> Tokens:
    """The token classes of a usage object; unknown when it does not tell of input and output."""
    if not raw.startswith(b"{"):
        return Tokens()
    try:
        return tokens_in(object_of(json.decode(raw)), raw)
    except (ValueError, RecursionError):
        return Tokens()


def tokens_in(usage: Fields, raw: bytes = b"") -> Tokens:
    """The same of a parsed object. No answer is made of no tokens: all zeros stand where nothing was told."""
    read = count_of(usage.get("cache_read_input_tokens"))
    lives = object_of(usage.get("cache_creation"))
    hour = count_of(lives.get("ephemeral_1h_input_tokens"))
    written = count_of(usage.get("cache_creation_input_tokens")) or hour + count_of(
        lives.get("ephemeral_5m_input_tokens")
    )
    taken = count_of(usage.get("input_tokens")) + read + written
    made = count_of(usage.get("output_tokens"))
    if not taken and not made:
        return Tokens()
    return Tokens(
        taken,
        made,
        read,
        written,
        min(hour, written),
        count_of(object_of(usage.get("output_tokens_details")).get("thinking_tokens")),
        known=True,
        raw=raw or json.encode(usage),
    )


def merged(known: Fields, told: Fields) -> Fields:
    """Usage at the beginning of a stream and what is told later: the later number counts, a missing one says nothing."""
    return known | {key: value for key, value in told.items() if value is not None}


def usage_fields(tokens: Tokens) -> Fields:
    """Token classes as this wire's usage object."""
    fields: Fields = {
        "input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "output_tokens": tokens.output,
    }
    if tokens.cache_write:
        minutes = tokens.cache_write - tokens.cache_write_1h
        lives = {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": tokens.cache_write_1h}
        fields["cache_creation"] = lives
    if tokens.reasoning:
        fields["output_tokens_details"] = {"thinking_tokens": tokens.reasoning}
    return fields


class UsageReader(msgspec.Struct):
    """Adds up what a stream tells of its usage."""

    told: Fields = msgspec.field(default_factory=Fields)

    def add(self, usage: Fields) -> None:
        self.told = merged(self.told, usage)

    @property
    def tokens(self) -> Tokens:
        return tokens_in(self.told)
