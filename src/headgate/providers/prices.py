"""Prices: pico-dollars per token and class, from the operator's own tables first, then from genai-prices.

The data is loaded once, by a helper process (`price_data`); `resolve` waits for it and remembers a model's rows, and
`cost` is a dictionary look-up and integer arithmetic. An unknown price is None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headgate.call.frames import Usage
from headgate.kernel.clock import Clock
from headgate.kernel.logging import get_log
from headgate.providers.own_prices import BadPrice, own_row
from headgate.providers.price_data import PriceData, load
from headgate.providers.price_rows import PriceRow, cost_of, current, most_of

__all__ = ["BadPrice", "OwnPrice", "PriceBook", "cost_of", "current"]

MAX_ROWS = 4096  # model names come from clients
PREFIX = "openai:"
SERVICES: Mapping[str, str] = {
    "anthropic": "anthropic", "azure": "azure", "baseten": "baseten", "bedrock": "aws", "cerebras": "cerebras",
    "cloudflare": "cloudflare", "cohere": "cohere", "databricks": "databricks", "deepseek": "deepseek",
    "fireworks": "fireworks", "gemini": "google", "google": "google", "groq": "groq", "minimax": "minimax",
    "mistral": "mistral", "moonshot": "moonshotai", "novita": "novita", "openrouter": "openrouter",
    "perplexity": "perplexity", "together": "together", "vertex": "google", "voyage": "voyageai", "xai": "x-ai",
    "zai": "zai", "zhipu": "zhipuai",
}  # fmt: skip
"""Providers with prices of their own in the data. With the others a model costs what its maker asks."""

_FIRST_NAMES = {"openai": "openai"} | {
    name: at for name, at in SERVICES.items() if name not in ("google", "vertex")
}
_PROVIDERS = {service: name for name, service in _FIRST_NAMES.items()}
_RESELLERS = frozenset({"openrouter", "azure", "aws", "cloudflare", "databricks"})

log = get_log("prices")

Key = tuple[str, str]  # provider ("" for every one) and model


class OwnPrice(NamedTuple):
    """A price that was set while the gateway runs; `row.start` is from when on it holds."""

    provider: str
    model: str
    row: PriceRow


class Listed(NamedTuple):
    """One price of a list. `own`: the operator's, with `provider` "" for everyone."""

    provider: str
    model: str
    row: PriceRow
    context: int = 0
    own: bool = False


class PriceBook:
    """Prices by provider and model. `overrides`: model to `{input, output, ...}` in dollars per million tokens."""

    def __init__(self, overrides: Mapping[str, Any], clock: Clock, kept: Path | None = None) -> None:
        self._clock = clock
        self._kept = kept  # where the exported data lies between two starts
        self._given: dict[Key, tuple[PriceRow, ...]] = {
            ("", model.removeprefix(PREFIX)): (own_row(model, given),) for model, given in overrides.items()
        }
        self._set: dict[Key, tuple[PriceRow, ...]] = {}
        self._rows: dict[Key, tuple[PriceRow, ...]] = {}
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

    def set_own(self, prices: Iterable[OwnPrice]) -> None:
        """The prices that were set while running, all of them; they come before everything else, each from its date on."""
        rows: dict[Key, list[PriceRow]] = {}
        for price in sorted(prices, key=lambda each: each.row.start):
            rows.setdefault((price.provider, price.model.removeprefix(PREFIX)), []).append(price.row)
        self._set = {key: tuple(dated) for key, dated in rows.items()}

    def knows(self, model: str, provider: str = "") -> bool:
        """Has the price of `model` been looked for?"""
        return (SERVICES.get(provider, ""), model) in self._rows or ("", model) in self._given

    async def resolve(self, model: str, provider: str = "") -> None:
        """Look for the price of `model`, unless that was done before."""
        if self.knows(model, provider):
            return
        if self._data is None:
            await self.warm()
        self._look_up(SERVICES.get(provider, ""), model)

    def cost(self, provider: str, model: str, usage: Usage, at_s: float | None = None) -> int | None:
        """Pico-dollars, or None when the price is unknown; at the prices of `at_s`, without it of now."""
        row = self.row(provider, model, at_s)
        if row is None:
            return None
        if usage.tier:
            row = row.served(usage.tier, self._clock.now() if at_s is None else at_s)
        return None if row is None else cost_of(row, usage)

    def estimate(
        self, provider: str, model: str, prompt_bytes: int, max_tokens: int | None, *, tier: str = ""
    ) -> int | None:
        """Pico-dollars that a call can't cost more than: each byte a token, each token at the dearest class of its side.
        None when the price is unknown, or nothing says what output costs."""
        row = self.row(provider, model)
        if row is None or (max_tokens and row.completion is None):
            return None
        return most_of(row, prompt_bytes, max_tokens or 0, tier)

    def row(self, provider: str, model: str, at_s: float | None = None) -> PriceRow | None:
        """The price that counts: one that was set for the provider, one for all, the settings', the data's."""
        name = model.removeprefix(PREFIX)
        if self._set:
            now = self._clock.now() if at_s is None else at_s
            for key in ((provider, name), ("", name)):
                dated = self._set.get(key)
                if dated is not None and dated[0].active(now):
                    return current(dated, now)
        given = self._given.get(("", name))
        if given is not None:
            return given[0]
        rows = self._rows.get((SERVICES.get(provider, ""), model))
        if rows is None:
            rows = self._look_up(SERVICES.get(provider, ""), model)
        if not rows:
            return None
        return rows[0] if len(rows) == 1 else current(rows, self._clock.now() if at_s is None else at_s)

    def listed(self) -> list[Listed]:
        """Every price that holds now: the operator's, then those of the data for providers that we know."""
        now = self._clock.now()
        mine = {**self._given, **{at: rows for at, rows in self._set.items() if rows[0].active(now)}}
        found = [Listed(*at, current(rows, now), own=True) for at, rows in mine.items()]
        for provider, service in _FIRST_NAMES.items():
            for one in () if self._data is None else self._data.services:
                if one.name == service:
                    known = (each for each in one.models if each.rows)
                    found += [
                        Listed(provider, each.id, current(each.rows, now), each.context) for each in known
                    ]
        return found

    def makers(self, model: str) -> tuple[str, ...]:
        """The providers that the data has for this very name, its maker first. Those that sell everybody's models only
        when the name says whose it is."""
        if self._data is None:
            return ()
        services = self._data.sellers(model.removeprefix(PREFIX))
        names = [
            _PROVIDERS.get(each) for each in services
            if (each not in _RESELLERS or "/" in model) and (each != "google" or each == services[0])
        ]  # fmt: skip
        return tuple(name for name in names if name is not None)

    def context(self, model: str, provider: str = "") -> int:
        """How many tokens fit into a model; 0 when nobody says."""
        if self._data is None:
            return 0
        name = model.removeprefix(PREFIX)
        found = self._data.model(name, SERVICES.get(provider, "")) or self._data.model(name)
        return 0 if found is None else found.context

    def _look_up(self, service: str, model: str) -> tuple[PriceRow, ...]:
        """Find the rows and remember them; nothing is remembered while the data is not there."""
        if self._data is None:
            return ()
        rows = self._data.find(model.removeprefix(PREFIX), service)
        while len(self._rows) >= MAX_ROWS:
            self._rows.pop(next(iter(self._rows)))
        self._rows[service, model] = rows
        return rows
