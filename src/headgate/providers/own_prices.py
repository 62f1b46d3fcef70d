"""The operator's own prices: read from settings and from requests, in dollars per million tokens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import msgspec

from headgate.kernel.money import from_usd
from headgate.providers.price_data import pico_per_token
from headgate.providers.price_rows import PriceRow, Rate

RATES = (
    "input", "output", "cached_input", "cache_write", "cache_write_1h", "reasoning", "audio_input", "audio_output",
)  # fmt: skip
FIELDS = (*RATES, "request", "tiers")
DEAREST_USD = Decimal(10**6)  # per million tokens: a price above it is a slip of the keyboard


class BadPrice(ValueError):
    """An operator's price cannot be used; the message names the model and the field."""


def own_row(model: str, given: Any, *, start_s: int | None = None) -> PriceRow:
    """`given` as a row: `input` and `output`, and whatever else has a price of its own. A rate is a number, or
    `{"base": n, "above": {"200000": n}}`; `tiers` are whole prices of `batch`, `flex`, `priority`. Raises BadPrice."""
    row = _row(model, given)
    tiers = cast("dict[str, Any]", given).get("tiers")
    if tiers is not None:
        if not isinstance(tiers, dict):
            raise BadPrice(f"prices: {model!r}: tiers must be a mapping of a tier to its price")
        named = cast("dict[str, Any]", tiers)
        variants = tuple((tier, _row(f"{model}, tier {tier}", price)) for tier, price in named.items())
        row = msgspec.structs.replace(row, variants=variants)
    if start_s is not None:
        row = msgspec.structs.replace(row, when="date", start=start_s)
    return row


def _row(model: str, given: Any) -> PriceRow:
    if not isinstance(given, dict) or not {"input", "output"} <= set(cast("dict[str, Any]", given)):
        raise BadPrice(f"prices: {model!r} needs `input` and `output`, in dollars per million tokens")
    fields = cast("dict[str, Any]", given)
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise BadPrice(
            f"prices: {model!r} has an unknown field {unknown[0]!r}; known are {', '.join(FIELDS)}"
        )
    rates = {
        name: _rate(fields[name], f"prices: {model!r}: {name}")
        for name in RATES
        if fields.get(name) is not None
    }
    request = fields.get("request")
    return PriceRow(
        rates["input"], rates["output"], rates.get("cached_input"), rates.get("cache_write"), rates.get("reasoning"),
        0 if request is None else from_usd(_usd(request, f"prices: {model!r}: request")),
        cache_write_1h=rates.get("cache_write_1h"), audio_input=rates.get("audio_input"),
        audio_output=rates.get("audio_output"),
    )  # fmt: skip


def _rate(value: Any, where: str) -> Rate:
    if not isinstance(value, dict):
        return Rate(pico_per_token(_usd(value, where)))
    fields = cast("dict[str, Any]", value)
    above = fields.get("above", {})
    if set(fields) - {"base", "above"} or not isinstance(above, Mapping):
        raise BadPrice(f"{where} is a number, or `base` and `above`: prompt tokens to the price beyond them")
    steps = cast("Mapping[Any, Any]", above)
    if not all(str(start).isdigit() for start in steps):
        raise BadPrice(f"{where}: above takes whole numbers of prompt tokens")
    tiers = sorted((int(start), pico_per_token(_usd(price, where))) for start, price in steps.items())
    return Rate(pico_per_token(_usd(fields.get("base"), where)), tuple(tiers))


def _usd(value: Any, where: str) -> Decimal:
    try:
        usd = Decimal(str(value))
    except ArithmeticError:
        usd = Decimal("NaN")
    if isinstance(value, bool) or not usd.is_finite() or not 0 <= usd <= DEAREST_USD:
        raise BadPrice(f"{where} must be a number of dollars per million tokens, not below 0")
    return usd
