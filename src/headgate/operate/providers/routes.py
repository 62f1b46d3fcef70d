"""`/api/proxy/providers` and what is known of them: health, routes, status, prices, estimates, breakers."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.kernel.clock import iso, to_us
from headgate.kernel.pages import Page, page_body
from headgate.operate.providers import service, views
from headgate.operate.providers.hot import ProviderDesk
from headgate.operate.providers.schemas import (
    BreakerList,
    BreakersReset,
    Checked,
    Estimate,
    EstimateQuery,
    HealthList,
    NewProvider,
    PriceList,
    ProviderChange,
    ProviderList,
    ProviderSaved,
    Removed,
    RouteList,
    Status,
)
from headgate.operate.providers.service import PART, Acting, ProviderNotFound, Wish
from headgate.providers.prices import PriceBook
from headgate.providers.provider import Provider
from headgate.rim.context import Context, Reading, Writing, services_of
from headgate.rim.router import PageQuery, Router

router = Router("providers")
FRESH_US = 15_000_000  # a check of this age is not made again for a list


def desk_of(request: Request) -> ProviderDesk:
    return cast(ProviderDesk, services_of(request).hot["providers"])


async def _judge_new(request: Request, body: NewProvider) -> None:
    await service.judge_address(body.base_url, desk_of(request).reach)


async def _judge_change(request: Request, body: ProviderChange) -> None:
    if body.base_url is not None:
        await service.judge_address(body.base_url, desk_of(request).reach)


# before the transaction: a look-up may take seconds
JudgedNew = Annotated[None, Depends(_judge_new)]
JudgedChange = Annotated[None, Depends(_judge_change)]


@router.get("/api/proxy/providers", right="providers:read", response=ProviderList)
async def list_providers(ctx: Reading, page: PageQuery) -> Any:
    """Every provider this tenant can use, the server's and its own, with its state. Keys are never shown."""
    desk = desk_of(ctx.request)
    rows = [*desk.table().for_tenant(ctx.tenant).rows.values()]
    shown = [views.provider_view(desk, each, ctx.tenant) for each in _cut(rows, page)]
    return {**page_body("providers", shown, page, len(rows)), "count": len(shown)}


@router.post("/api/proxy/providers", right="providers:write", status=201, response=ProviderSaved)
async def add_provider(_judged: JudgedNew, ctx: Writing, body: NewProvider) -> Any:
    """Add a provider for this tenant. It can be asked from the next call on, in every process within a second."""
    wish = Wish(body.base_url, body.api_key, body.family, body.models)
    provider = await service.add(ctx.db, _acting(ctx), body.name, wish)
    ctx.changed(PART)
    return {**views.provider_view(desk_of(ctx.request), provider, ctx.tenant), "result": "created"}


@router.get("/api/proxy/providers/health", right="providers:read", response=HealthList)
async def check_providers(ctx: Reading) -> Any:
    """Ask every provider whether it is there, all at once. One that was asked within 15 seconds is not asked again."""
    desk = desk_of(ctx.request)
    now_us = to_us(ctx.clock.now())
    rows = [*desk.table().for_tenant(ctx.tenant).rows.values()]
    old = [each for each in rows if now_us - desk.health.pulse(each.id).checked_us >= FRESH_US]
    await asyncio.gather(*(desk.check(each) for each in old))
    shown: list[dict[str, Any]] = []
    for each in rows:
        pulse = desk.health.pulse(each.id)
        shown.append({
            "provider": each.name, "status": pulse.check, "latency_ms": round(pulse.check_latency_s * 1000, 3),
            "error": pulse.check_error or None,
        })  # fmt: skip
    healthy = sum(each["status"] == "active" for each in shown)
    return {"providers": shown, "total": len(shown), "healthy": healthy, "checked_at": iso(now_us)}


@router.put("/api/proxy/providers/{name}", right="providers:write", response=ProviderSaved)
async def change_provider(_judged: JudgedChange, ctx: Writing, name: str, body: ProviderChange) -> Any:
    """Change a provider that was added here: its address, key, format or models."""
    wish = Wish(body.base_url, body.api_key, body.family, body.models)
    provider = await service.change(ctx.db, _acting(ctx), name, wish)
    ctx.changed(PART)
    return {**views.provider_view(desk_of(ctx.request), provider, ctx.tenant), "result": "updated"}


@router.delete("/api/proxy/providers/{name}", right="providers:write", response=Removed)
async def remove_provider(ctx: Writing, name: str) -> Any:
    """Remove a provider that was added here. Those of the server's settings stay."""
    await service.remove(ctx.db, _acting(ctx), name)
    ctx.changed(PART)
    return {"status": "deleted", "provider": name}


@router.post("/api/proxy/providers/{name}/check", right="providers:read", response=Checked)
async def check_provider(ctx: Reading, name: str) -> Any:
    """Ask one provider whether it is there and takes its key."""
    provider = _known(ctx, name)
    found = await desk_of(ctx.request).check(provider)
    return {
        "status": found.condition, "provider": provider.name, "checked_at": iso(to_us(ctx.clock.now())),
        "latency_ms": round(found.latency_s * 1000, 3), "http_status": found.http_status, "error": found.error or None,
    }  # fmt: skip


@router.get("/api/proxy/routes", right="providers:read", response=RouteList)
async def list_routes(ctx: Reading, page: PageQuery) -> Any:
    """The rules by which models find their providers, in the order in which they are asked: what really runs."""
    rows = views.routes(desk_of(ctx.request).table().for_tenant(ctx.tenant))
    shown = _cut(rows, page)
    return {**page_body("routes", shown, page, len(rows)), "count": len(shown)}


@router.get("/api/proxy/status", right="providers:read", response=Status)
async def get_proxy_status(ctx: Reading) -> Any:
    """The proxy in a few numbers."""
    desk, modules = desk_of(ctx.request), ctx.services.hot["modules"]
    table = desk.table().for_tenant(ctx.tenant)
    live = len(modules.running(ctx.tenant))
    circuits = desk.circuits.breakers(ctx.tenant)
    return {
        "app": "proxy", "status": "running", "total_modules": len(modules.order), "enabled_modules": live, "live_chain": live,
        "providers": len(table.rows), "routes": len(views.routes(table)),
        "healthy_providers": sum(desk.health.condition(each.id) in ("active", "unknown") for each in table.rows.values()),
        "open_breakers": sum(each["state"] != "closed" for each in circuits),
    }  # fmt: skip


@router.get("/api/proxy/pricing", right="providers:read", response=PriceList)
async def list_prices(
    ctx: Reading,
    page: PageQuery,
    provider: Annotated[str, Query(max_length=64, description="Only those of this provider.")] = "",
    model: Annotated[str, Query(max_length=200, description="Only names that hold this.")] = "",
) -> Any:
    """What models cost, in dollars per million tokens: the operator's prices first, then the list."""
    rows = views.prices(await _book(ctx), provider=provider, model=model)
    shown = _cut(rows, page)
    return {**page_body("pricing", shown, page, len(rows)), "count": len(shown)}


@router.post("/api/proxy/estimate", right="providers:read", response=Estimate)
async def estimate_cost(ctx: Reading, body: EstimateQuery) -> Any:
    """What a call would cost. Nobody is asked; a price that is not known is null, never guessed."""
    book = await _book(ctx)
    target = (
        desk_of(ctx.request)
        .table()
        .for_tenant(ctx.tenant)
        .candidates(body.model, "openai.chat", body.provider)[0]
    )
    name, model = target.provider.name, target.upstream_model
    await book.resolve(model, name)
    given = views.tokens_of(body.input_text) if body.input_tokens is None else body.input_tokens
    return views.estimate(book, name, model, (given, body.max_tokens))


@router.get("/api/proxy/breakers", right="providers:read", response=BreakerList)
async def list_breakers(ctx: Reading, page: PageQuery) -> Any:
    """The circuit breaker of each provider, key and model that was asked lately."""
    rows = desk_of(ctx.request).circuits.breakers(ctx.tenant)
    shown = _cut(rows, page)
    return {**page_body("breakers", shown, page, len(rows)), "count": len(shown)}


@router.post("/api/proxy/breakers/reset", right="providers:write", response=BreakersReset)
async def reset_breakers(ctx: Writing) -> Any:
    """Close every circuit: the server's, for its own tenant, and those of this tenant's providers."""
    return await _reset(ctx, "")


@router.post("/api/proxy/breakers/{name}/reset", right="providers:write", response=BreakersReset)
async def reset_breaker(ctx: Writing, name: str) -> Any:
    """Close the circuits of one provider."""
    return await _reset(ctx, _known(ctx, name).name)


async def _reset(ctx: Context, name: str) -> dict[str, Any]:
    circuits = desk_of(ctx.request).circuits
    scopes = {ctx.tenant, *([""] if _is_operator(ctx.caller) else [])}
    count = sum(circuits.reset(name, scope) for scope in scopes)
    await service.tell(ctx.db, _acting(ctx), "breakers.reset", name or "*", {"reset": count})
    return {"status": "reset", "reset": count, "provider": name or None}


def _is_operator(caller: Caller) -> bool:
    """The server's own providers are of its own tenant."""
    return caller.tenant == DEFAULT_TENANT


def _known(ctx: Context, name: str) -> Provider:
    provider = desk_of(ctx.request).table().for_tenant(ctx.tenant).get(name)
    if provider is None:
        raise ProviderNotFound(f"There is no provider {name[:80]!r}.", name=name[:80])
    return provider


async def _book(ctx: Context) -> PriceBook:
    book = cast(PriceBook, ctx.services.hot["prices"])
    await book.warm()
    return book


def _cut(rows: list[Any], page: Page) -> list[Any]:
    return rows[page.offset : page.offset + page.limit]


def _acting(ctx: Context) -> Acting:
    return Acting(ctx.caller, ctx.ids, ctx.clock, desk_of(ctx.request))
