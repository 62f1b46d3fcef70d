"""Money is an integer of pico-dollars (1e-12 $) inside and a decimal number of dollars in JSON; never a float in between."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

PICO_PER_USD = 10**12
PICO_PER_USD_PER_MTOK = 10**6  # one dollar per million tokens is 1e6 pico-dollars a token


def to_usd(pico: int | None) -> float | None:
    """Pico-dollars as a dollar number for JSON; an unknown amount stays None."""
    return None if pico is None else pico / PICO_PER_USD


def from_usd(usd: Decimal) -> int:
    """Dollars as whole pico-dollars, half to even."""
    return int((usd * PICO_PER_USD).to_integral_value(ROUND_HALF_EVEN))


def header_usd(pico: int | None) -> str:
    """Pico-dollars as plain decimal text for a header: `0.00001234`, `0`, or `unknown`."""
    if pico is None:
        return "unknown"
    if pico == 0:
        return "0"
    whole, rest = divmod(pico, PICO_PER_USD)
    fraction = f"{rest:012d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
