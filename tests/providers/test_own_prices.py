"""The operator's prices: every class of tokens, steps, tiers; what can't be a price is named."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.frames import Usage
from headgate.providers.own_prices import BadPrice, own_row
from headgate.providers.price_rows import cost_of

FULL = {
    "input": 1, "output": 10, "cached_input": 0.1, "cache_write": 1.25, "cache_write_1h": 2, "reasoning": 20, "audio_input": 5,
    "audio_output": 40, "request": "0.01",
}  # fmt: skip


def test_every_class_has_its_price() -> None:
    usage = Usage(1000, 500, 100, 200, 50, True, 150, 30, 20)
    plain, made = 1000 - 100 - 200 - 30, 500 - 50 - 20
    expected = plain * 10**6 + 100 * 10**5 + 50 * 1_250_000 + 150 * 2 * 10**6 + 30 * 5 * 10**6
    expected += made * 10**7 + 50 * 2 * 10**7 + 20 * 4 * 10**7 + 10**10
    assert cost_of(own_row("m", FULL), usage) == expected


def test_a_long_prompt_may_cost_more() -> None:
    row = own_row("m", {"input": {"base": 1, "above": {"200000": 2}}, "output": 3})
    assert cost_of(row, Usage(200_000, 0)) == 200_000 * 10**6
    assert cost_of(row, Usage(200_001, 0)) == 200_001 * 2 * 10**6


def test_a_tier_has_prices_of_its_own_and_an_unknown_one_has_none() -> None:
    row = own_row("m", {"input": 2, "output": 4, "tiers": {"batch": {"input": 1, "output": 2}}})
    batch = row.served("batch")
    assert batch is not None
    assert cost_of(batch, Usage(10, 10)) == 30 * 10**6
    assert row.served("priority") is None
    assert row.served("") is row


def test_a_row_may_hold_from_a_date_on() -> None:
    row = own_row("m", {"input": 1, "output": 1}, start_s=100)
    assert (row.active(99), row.active(100)) == (False, True)


@pytest.mark.parametrize(
    "given",
    [{"input": 1, "output": 1, "tiers": []}, {"input": 1, "output": 1, "tiers": {"batch": {"input": 1}}},
     {"input": {"base": 1, "over": {}}, "output": 1}, {"input": {"base": 1, "above": {"many": 1}}, "output": 1},
     {"input": {"above": {}}, "output": 1}, {"input": 10**7, "output": 1}, {"input": 1, "output": 1, "request": -1}],
)  # fmt: skip
def test_what_is_no_price_is_named(given: Any) -> None:
    with pytest.raises(BadPrice, match="'m"):
        own_row("m", given)
