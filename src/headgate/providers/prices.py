"""Prices: pico-dollars per token and class, from the operator's own table first, then from genai-prices.

The data is loaded once, by a helper process (`price_data`); `resolve` waits for it and remembers a model's rows, and
`cost` is a dictionary look-up and integer arithmetic. An unknown price is None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from headgate.call.frames import Usage
from headgate.kernel.clock import Clock
from headgate.kernel.logging import get_log
from headgate.providers.price_data import PriceData, PriceRow, Rate, load, pico_per_token

MAX_ROWS = 4096  # model names come from clients
PREFIX = "openai:"
FIELDS = ("input", "output", "cached_input", "cache_write")

log = get_log("prices")


class BadPrice(ValueError):
    """An operator's price cannot be used; the message names the model and the field."""


class PriceBook:
    """Prices by model. `overrides`: model to `{input, output, cached_input?, cache_write?}` in dollars per million tokens."""

    def __init__(self, overrides: Mapping[str, Any], clock: Clock, kept: Path | None = None) -> None:
        self._clock = clock
        self._kept = kept  # where the exported data lies between two starts
        self._own = {model.removeprefix(PREFIX): _own_row(model, given) for model, given in overrides.items()}
        self._rows: dict[str, tuple[PriceRow, ...]] = {}
        self._data: PriceData | None = None
        self._loading = asyncio.Lock()

    async def warm(self) -> None:
        """Load the price data, if that was not done before. Never stops the loop for more than a few milliseconds."""
        async with self._loading:
            if self._data is None:
                try:
                    self._data = await load(self._kept)
                except OSError as error:
                    log.error("prices.unavailable", error=str(error))
                    self._data = PriceData(())

    def knows(self, model: str) -> bool:
        """Has the price of `model` been looked for?"""
        return model in self._rows or model in self._own

    async def resolve(self, model: str) -> None:
        """Look for the price of `model`, unless that was done before."""
        if self.knows(model):
            return
        if self._data is None:
            await self.warm()
        name = model.removeprefix(PREFIX)
        own = self._own.get(name)
        rows = (own,) if own is not None else cast(PriceData, self._data).find(name)
        while len(self._rows) >= MAX_ROWS:
            self._rows.pop(next(iter(self._rows)))
        self._rows[model] = rows

    def cost(self, provider: str, model: str, usage: Usage) -> int | None:
        """Pico-dollars, or None when the price is unknown. `resolve` must have been awaited for the model."""
        row = self._own.get(model)
        if row is None:
            rows = self._rows.get(model)
            if not rows:
                return None
            row = rows[0] if len(rows) == 1 else current(rows, self._clock.now())
        return cost_of(row, usage)


def current(rows: tuple[PriceRow, ...], now: float) -> PriceRow:
    """The row that counts at `now`: the last one that is active, the first when none is."""
    return next((row for row in reversed(rows) if row.active(now)), rows[0])


def cost_of(row: PriceRow, usage: Usage) -> int | None:
    """Pico-dollars for `usage`: cached and written tokens are part of the prompt, reasoning of the completion."""
    size = max(usage.prompt_tokens, 0)
    cached = min(max(usage.cached_tokens, 0), size)
    written = min(max(usage.cache_write_tokens, 0), size - cached)
    output = max(usage.completion_tokens, 0)
    reasoning = min(max(usage.reasoning_tokens, 0), output) if row.reasoning is not None else 0
    cost = row.request + (size - cached - written) * row.prompt.at(size)
    if cached:
        cost += cached * (row.cached or row.prompt).at(size)
    if written:
        cost += written * (row.cache_write or row.prompt).at(size)
    if reasoning and row.reasoning is not None:
        cost += reasoning * row.reasoning.at(size)
    if output > reasoning:
        if row.completion is None:
            return None
        cost += (output - reasoning) * row.completion.at(size)
    return cost


def _own_row(model: str, given: Any) -> PriceRow:
    if not isinstance(given, dict) or not {"input", "output"} <= set(cast("dict[str, Any]", given)):
        raise BadPrice(f"prices: {model!r} needs `input` and `output`, in dollars per million tokens")
    rates: dict[str, Rate] = {}
    for name, value in cast("dict[str, Any]", given).items():
        if name not in FIELDS:
            raise BadPrice(f"prices: {model!r} has an unknown field {name!r}; known are {', '.join(FIELDS)}")
        rates[name] = Rate(_pico(value, f"prices: {model!r}: {name}"))
    return PriceRow(rates["input"], rates["output"], rates.get("cached_input"), rates.get("cache_write"))


def _pico(value: Any, where: str) -> int:
    try:
        usd = Decimal(str(value))
    except ArithmeticError:
        usd = Decimal("NaN")
    if isinstance(value, bool) or not usd.is_finite() or usd < 0:
        raise BadPrice(f"{where} must be a number of dollars per million tokens, not below 0")
    return pico_per_token(usd)
