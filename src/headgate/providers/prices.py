"""Prices: pico-dollars per token and class, from the operator's own table first, then from genai-prices.

A look-up in the price data takes about 0.2 ms and its import half a second, so both happen in a thread (`resolve`);
`cost` is a dictionary look-up and integer arithmetic. An unknown price is None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from headgate.call.frames import Usage
from headgate.kernel.clock import Clock
from headgate.kernel.money import PICO_PER_USD_PER_MTOK

MAX_ROWS = 4096  # model names come from clients
PREFIX = "openai:"
PROVIDERS = ("openai", "anthropic", "google")  # asked in turn about names that do not say whose they are


@dataclass(frozen=True, slots=True)
class Rate:
    """Pico-dollars per token. `tiers`: from so many prompt tokens on, another rate for all tokens."""

    base: int
    tiers: tuple[tuple[int, int], ...] = ()

    def at(self, prompt_tokens: int) -> int:
        rate = self.base
        for start, tier in self.tiers:
            if prompt_tokens > start:
                rate = tier
        return rate


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The rates of one model. A class without a rate of its own costs what its whole class does."""

    prompt: Rate
    completion: Rate
    cached: Rate | None = None
    cache_write: Rate | None = None

    def cost(self, usage: Usage) -> int:
        """Pico-dollars for `usage`; cached and written tokens are part of the prompt tokens."""
        size = usage.prompt_tokens
        cached = min(usage.cached_tokens, size)
        written = min(usage.cache_write_tokens, size - cached)
        plain = size - cached - written
        return (
            plain * self.prompt.at(size)
            + cached * (self.cached or self.prompt).at(size)
            + written * (self.cache_write or self.prompt).at(size)
            + usage.completion_tokens * self.completion.at(size)
        )


class BadPrice(ValueError):
    """An operator's price cannot be used; the message names the model and the field."""


class PriceBook:
    """Prices by model. `overrides`: model to `{input, output, cached_input?, cache_write?}` in dollars per million tokens."""

    def __init__(self, overrides: Mapping[str, Any], clock: Clock) -> None:
        self._clock = clock
        self._own = {model: _own_row(model, given) for model, given in overrides.items()}
        self._rows: dict[str, PriceRow | None] = {}

    def knows(self, model: str) -> bool:
        """Has the price of `model` been looked for?"""
        return model in self._own or model in self._rows

    async def resolve(self, model: str) -> None:
        """Look for the price of `model`, in a thread, unless that was done before."""
        if not self.knows(model):
            row = await asyncio.to_thread(_find, model, datetime.fromtimestamp(self._clock.now(), UTC))
            while len(self._rows) >= MAX_ROWS:
                self._rows.pop(next(iter(self._rows)))
            self._rows[model] = row

    def cost(self, provider: str, model: str, usage: Usage) -> int | None:
        """Pico-dollars, or None when the price is unknown. `resolve` must have been awaited for the model."""
        row = self._own.get(model) or self._rows.get(model)
        return None if row is None else row.cost(usage)


def _own_row(model: str, given: Any) -> PriceRow:
    if not isinstance(given, dict) or not {"input", "output"} <= set(given):
        raise BadPrice(f"prices: {model!r} needs `input` and `output`, in dollars per million tokens")
    rates: dict[str, Rate] = {}
    for name, value in given.items():
        if name not in ("input", "output", "cached_input", "cache_write"):
            raise BadPrice(f"prices: {model!r} has an unknown field {name!r}; known are input, output, cached_input, cache_write")
        try:
            rates[name] = Rate(_pico(Decimal(str(value))))
        except ArithmeticError:
            raise BadPrice(f"prices: {model!r}: {name} must be a number of dollars per million tokens") from None
    return PriceRow(rates["input"], rates["output"], rates.get("cached_input"), rates.get("cache_write"))


def _find(model: str, now: datetime) -> PriceRow | None:
    """The row of `model` in the bundled data of genai-prices; no network is used."""
    from genai_prices.data_snapshot import get_snapshot

    name = model.removeprefix(PREFIX)
    for provider in (None, *PROVIDERS):  # None: whichever provider the name itself points to
        try:
            _, info = get_snapshot().find_provider_model(name, None, provider, None)
            break
        except LookupError:
            continue
    else:
        return None
    prices = info.get_prices(now)
    prompt, completion = _rate(prices.input_mtok), _rate(prices.output_mtok)
    if prompt is None:
        return None
    return PriceRow(prompt, completion or Rate(0), _rate(prices.cache_read_mtok), _rate(prices.cache_write_mtok))


def _rate(price: Any) -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(_pico(price))
    return Rate(_pico(price.base), tuple((tier.start, _pico(tier.price)) for tier in price.tiers))


def _pico(usd_per_mtok: Decimal) -> int:
    return int((usd_per_mtok * PICO_PER_USD_PER_MTOK).to_integral_value())
