"""The price data: what genai-prices would find, and the hours and dates in which it counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot

from headgate.providers.price_data import PriceData, PriceRow, Rate, export, read
from headgate.providers.prices import current


@pytest.fixture(scope="module")
def data() -> PriceData:
    return read(export())


def test_every_model_is_found_as_genai_prices_finds_it(data: PriceData) -> None:
    snapshot, now, priced = get_snapshot(), datetime(2026, 6, 1, 12, tzinfo=UTC), 0
    for name in {model.id for provider in snapshot.providers for model in provider.models}:
        found = None
        for provider in (None, "openai", "anthropic", "google"):
            try:
                found = snapshot.find_provider_model(name, None, provider, None)[1]
                break
            except LookupError:
                continue
        rows = data.find(name)
        prices = None if found is None else found.get_prices(now)
        if prices is None or prices.input_mtok is None:
            assert rows == (), name
            continue
        row = current(rows, now.timestamp())
        base = prices.input_mtok if isinstance(prices.input_mtok, Decimal) else prices.input_mtok.base
        assert row.prompt.base == int(base * 10**6), name
        assert (row.completion is None) == (prices.output_mtok is None), name
        priced += 1
    assert priced > 300


def test_off_peak_prices_count_in_their_hours_only(data: PriceData) -> None:
    rows = data.find("deepseek-chat")
    model = get_snapshot().find_provider_model("deepseek-chat", None, "deepseek", None)[1]
    noon = datetime(2025, 7, 1, tzinfo=UTC)
    seen = set()
    for hour in range(24):
        moment = noon + timedelta(hours=hour, minutes=31)
        prices = model.get_prices(moment)
        assert isinstance(prices.input_mtok, Decimal)
        row = current(rows, moment.timestamp())
        assert row.prompt.base == int(prices.input_mtok * 10**6)
        seen.add(row.prompt.base)
    assert len(seen) == 2


def test_a_price_that_starts_on_a_date_starts_at_midnight_utc(data: PriceData) -> None:
    start = date(2026, 3, 1)
    moment = datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()
    rows = (PriceRow(Rate(2)), PriceRow(Rate(1), when="date", start=int(moment)))
    assert current(rows, moment - 1).prompt.base == 2
    assert current(rows, moment).prompt.base == 1
