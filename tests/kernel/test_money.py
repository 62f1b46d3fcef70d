"""Pico-dollars: exact inside, decimal outside."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.money import PICO_PER_USD, from_usd, header_usd, to_usd


def test_a_header_shows_plain_decimals_and_says_when_a_price_is_unknown() -> None:
    assert header_usd(20_000) == "0.00000002"
    assert header_usd(0) == "0"
    assert header_usd(3 * PICO_PER_USD) == "3"
    assert header_usd(None) == "unknown"


@given(st.integers(0, 10**18))
def test_no_pico_dollar_is_lost_on_the_way_through_text(pico: int) -> None:
    assert from_usd(Decimal(header_usd(pico))) == pico


def test_half_a_pico_dollar_goes_to_the_even_side() -> None:
    half = Decimal(1) / (2 * PICO_PER_USD)
    assert from_usd(half) == 0
    assert from_usd(3 * half) == 2


def test_an_unknown_amount_stays_unknown() -> None:
    assert to_usd(None) is None
    assert to_usd(22_200_000) == 0.0000222
