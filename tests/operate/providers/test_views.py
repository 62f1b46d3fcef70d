"""What the API shows of routes, prices and estimates: plain functions of what runs."""

from __future__ import annotations

import pytest

from headgate.config import Settings
from headgate.kernel.secret import Secret
from headgate.operate.providers.views import estimate, is_open_to, prices, routes, tokens_of
from headgate.providers.prices import PriceBook
from headgate.providers.table import ProviderTable
from headgate.testing.clock import FixedClock

OWN = {"house-model": {"input": 2, "output": 8}}


def test_routes_stand_in_the_order_in_which_they_are_asked() -> None:
    settings = Settings(
        openai_api_key=Secret("k"), provider_env={"GROQ_API_KEY": "k"},
        providers={"mine": {"base_url": "http://m", "models": ["m-*"]}},
        model_routes={"gpt-*": [{"provider": "groq", "model": "x", "weight": 2}, "openai"]},
    )  # fmt: skip
    rows = routes(ProviderTable.from_settings(settings, FixedClock()))
    sources = [each["source"] for each in rows]
    assert (
        sources == sorted(sources, key=["settings", "prefix", "tenant", "name", "default"].index)
        or sources[0] == "settings"
    )
    assert rows[0]["targets"] == [
        {"provider": "groq", "model": "x", "weight": 2}, {"provider": "openai", "model": "", "weight": 1},
    ]  # fmt: skip
    named = {(each["model"], each["provider"]) for each in rows}
    assert {("m-*", "mine"), ("mine/*", "mine"), ("llama-*", "groq"), ("*", "openai")} <= named
    assert ("claude-*", "anthropic") not in named, "a provider that is not configured has no routes"


def test_the_operators_prices_come_first() -> None:
    found = prices(PriceBook(OWN, FixedClock()))
    assert found == [{
        "model": "house-model", "provider": "", "input_per_m": 2.0, "output_per_m": 8.0, "cached_input_per_m": None,
        "context": None, "source": "operator",
    }]  # fmt: skip
    assert prices(PriceBook(OWN, FixedClock()), model="other") == []


def test_an_estimate_is_the_price_times_the_tokens() -> None:
    found = estimate(PriceBook(OWN, FixedClock()), "openai", "house-model", (1_000_000, 500_000))
    assert (found["input_cost"], found["output_cost"], found["total_cost"]) == (2.0, 4.0, 6.0)
    unknown = estimate(PriceBook({}, FixedClock()), "openai", "nobody", (1, 1))
    assert (unknown["total_cost"], unknown["price_known"], unknown["fits_context"]) == (None, False, None)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("abc", 1), ("abcd", 1), ("abcde", 2)])
def test_four_characters_are_a_token(text: str, tokens: int) -> None:
    assert tokens_of(text) == tokens


@pytest.mark.parametrize(("name", "tenant", "told"), [
    ("inner", "ten_default", True), ("inner", "ten_other", False), ("groq", "ten_other", True),
])  # fmt: skip
def test_where_the_operators_own_services_are_is_not_told_to_other_tenants(
    name: str, tenant: str, told: bool
) -> None:
    settings = Settings(
        provider_env={"GROQ_API_KEY": "k"}, providers={"inner": {"base_url": "http://10.0.0.9/v1"}}
    )
    provider = ProviderTable.from_settings(settings, FixedClock()).get(name)
    assert provider is not None
    assert is_open_to(provider, tenant) is told
