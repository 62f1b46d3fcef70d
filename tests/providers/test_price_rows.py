"""From tokens to pico-dollars: classes that add up, and a bound that no split of the same tokens passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.frames import Usage
from headgate.providers.own_prices import own_row
from headgate.providers.price_rows import PriceRow, Rate, cost_of, current, most_of

COUNT = st.integers(0, 10**7)
ROW = own_row("m", {
    "input": {"base": 3, "above": {"1000": 6}}, "output": 15, "cached_input": 0.3, "cache_write": 3.75, "cache_write_1h": 6,
    "reasoning": 30, "audio_input": 10, "audio_output": 60, "request": 0.001, "tiers": {"batch": {"input": 1, "output": 1}},
})  # fmt: skip


@pytest.mark.pain(1)
@given(st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, st.just(True), COUNT, COUNT, COUNT))
def test_no_split_of_tokens_into_classes_costs_more_than_the_bound(usage: Usage) -> None:
    """Pain 1, wrong costs: whatever classes a provider reports, each token is paid once, and never twice."""
    cost = cost_of(ROW, usage)
    assert cost is not None
    assert 0 <= cost <= most_of(ROW, usage.prompt_tokens, usage.completion_tokens)


@pytest.mark.pain(1)
def test_cached_written_reasoning_and_audio_tokens_are_priced_as_what_they_are() -> None:
    """Pain 1: cached, cache-written (minutes and hours), reasoning and audio tokens each at their own rate, exactly."""
    usage = Usage(1000, 100, cached_tokens=300, cache_write_tokens=200, reasoning_tokens=40, known=True, cache_write_1h_tokens=50,
                  audio_input_tokens=100, audio_output_tokens=10)  # fmt: skip
    million = 10**6
    expected = (
        10**9 + 400 * 3 * million + 300 * 300_000 + 150 * 3_750_000 + 50 * 6 * million + 100 * 10 * million
    )
    expected += 50 * 15 * million + 40 * 30 * million + 10 * 60 * million
    assert cost_of(ROW, usage) == expected


def test_output_without_a_price_is_unknown_and_not_free() -> None:
    assert cost_of(PriceRow(Rate(5)), Usage(1, 1)) is None


def test_the_last_row_that_holds_counts() -> None:
    rows = (
        PriceRow(Rate(1)),
        PriceRow(Rate(2), when="date", start=100),
        PriceRow(Rate(3), when="date", start=200),
    )
    assert [current(rows, now).prompt.base for now in (0, 100, 199, 200)] == [1, 2, 2, 3]


def test_a_tier_that_is_asked_for_is_bounded_by_the_dearer_of_both() -> None:
    row = own_row(
        "m",
        {
            "input": 1,
            "output": 1,
            "tiers": {"priority": {"input": 2, "output": 2}, "batch": {"input": 0, "output": 0}},
        },
    )
    assert most_of(row, 10, 10, "priority") == 40 * 10**6
    assert most_of(row, 10, 10, "batch") == most_of(row, 10, 10) == 20 * 10**6
