"""Providers, routes, prices and estimates as the API shows them. Plain functions of what runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.call.caller import DEFAULT_TENANT
from headgate.call.frames import Usage
from headgate.kernel.clock import iso
from headgate.kernel.money import to_usd
from headgate.operate.providers.hot import ProviderDesk
from headgate.providers.health import Pulse
from headgate.providers.prices import PriceBook
from headgate.providers.profiles import profile_of
from headgate.providers.provider import Provider
from headgate.providers.rows import BEGINNINGS
from headgate.providers.table import ProviderTable

CHARACTERS_PER_TOKEN = 4
ANY_PATH, METHOD = "/v1/*", "POST"


def provider_view(desk: ProviderDesk, provider: Provider, tenant: str) -> dict[str, Any]:
    """One provider with its state; counted is what `tenant` asked. Nothing of its keys but how many there are."""
    pulse = desk.health.pulse(provider.id)
    is_open = is_open_to(provider, tenant)
    error = pulse.check_error if is_open else ""
    counts = desk.health.counts(tenant, provider.id)
    return {
        "name": provider.name, "base_url": provider.url if is_open else "", "family": provider.family,
        "wires": sorted(provider.speaks),
        "source": "tenant" if provider.tenant else "server", "has_key": provider.has_key, "keys": len(provider.keys),
        "models": list(provider.models), "status": desk.health.condition(provider.id), "latency_ms": _latency_ms(pulse),
        "request_count": counts.requests, "error_count": counts.errors,
        "last_check": iso(pulse.checked_us) if pulse.checked_us else None, "last_error": error or None,
        "breaker": desk.circuits.state_of(provider.name, provider.tenant),
    }  # fmt: skip


def is_open_to(provider: Provider, tenant: str) -> bool:
    """Where the operator's own services are is not for other tenants to know; public addresses are known anyway."""
    return tenant in (provider.tenant, DEFAULT_TENANT) or not (provider.foreign or provider.local)


def _latency_ms(pulse: Pulse) -> float | None:
    seconds = pulse.latency_s or pulse.check_latency_s
    return round(seconds * 1000, 3) if seconds else None


def routes(table: ProviderTable) -> list[dict[str, Any]]:
    """Every rule of the table, in the order in which they are asked."""
    return [*_routes(table)]


def _routes(table: ProviderTable) -> Iterator[dict[str, Any]]:
    for pattern in table.patterns:
        targets = [
            {"provider": goal.provider, "model": goal.model, "weight": goal.weight} for goal in pattern.goals
        ]
        yield _route(pattern.model, targets, "settings")
    for name in table.rows:
        yield _route(f"{name}/*", _to(name), "prefix")
    for provider in table.rows.values():
        source = "tenant" if provider.tenant else "settings"
        for model in provider.models:
            yield _route(model, _to(provider.name), source)
    for beginning, name in BEGINNINGS.items():
        if name in table.rows:
            yield _route(f"{beginning}*", _to(name), "name")
    if table.catch_all or table.default.name == "openai":
        yield _route("*", _to(table.default.name), "default")


def _to(name: str) -> list[dict[str, Any]]:
    return [{"provider": name, "model": "", "weight": 1}]


def _route(model: str, targets: list[dict[str, Any]], source: str) -> dict[str, Any]:
    return {
        "path": ANY_PATH, "method": METHOD, "model": model, "provider": targets[0]["provider"] if targets else "",
        "targets": targets, "enabled": True, "source": source,
    }  # fmt: skip


def prices(book: PriceBook, *, provider: str = "", model: str = "") -> list[dict[str, Any]]:
    """Every price that is known, of the operator's first. `provider` and `model` (part of a name) choose."""
    return [
        {
            "model": each.model, "provider": each.provider, "input_per_m": to_usd(each.row.prompt.base * 1_000_000),
            "output_per_m": None if each.row.completion is None else to_usd(each.row.completion.base * 1_000_000),
            "cached_input_per_m": None if each.row.cached is None else to_usd(each.row.cached.base * 1_000_000),
            "context": each.context or None, "source": "operator" if each.own else "list",
        }
        for each in book.listed()
        if (not provider or each.provider == provider) and model.lower() in each.model.lower()
    ]  # fmt: skip


def estimate(book: PriceBook, provider: str, model: str, tokens: tuple[int, int]) -> dict[str, Any]:
    """What a call with so many tokens of input and output would cost, at today's price."""
    given, made = tokens
    once = book.cost(provider, model, Usage(given, 0, known=True))
    both = book.cost(provider, model, Usage(given, made, known=True))
    profile = profile_of(model, book, provider)
    made_cost = both - once if both is not None and once is not None else None
    return {
        "model": model, "provider": provider, "input_tokens": given, "output_tokens": made,
        "input_cost": None if made_cost is None else to_usd(once), "output_cost": to_usd(made_cost),
        "total_cost": None if made_cost is None else to_usd(both), "currency": "USD", "price_known": made_cost is not None,
        "fits_context": None if not profile.context else given + made <= profile.context,
    }  # fmt: skip


def tokens_of(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)
