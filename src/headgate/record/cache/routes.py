"""`/api/v1/cache/*`, the same cache at `/api/cache*`, and `/api/v1/tool-cache/*`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import DEFAULT_APP
from headgate.call.frames import Closed
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel.errors import BadRequest
from headgate.kernel.money import to_usd
from headgate.record.cache import service
from headgate.record.cache.hot import ResponseCache
from headgate.record.cache.schemas import (
    MAX_NAME,
    CacheStat,
    CacheStats,
    CacheSummary,
    Cleared,
    InvalidateBody,
    Invalidated,
    ToolAnswer,
    ToolQuery,
    ToolResult,
    ToolStored,
    TypeCount,
)  # fmt: skip
from headgate.record.cache.service import ToolUse
from headgate.record.spend import service as spend
from headgate.rim.context import Services, caller_of, services_of
from headgate.rim.router import Router

router = Router("cache")


class Undrained(Protocol):
    runs: Sequence[Closed]


class TailReader(Protocol):
    """The recorder, as far as this room needs it."""

    async def tail(self, db: AsyncConnection, tenant: str) -> Undrained: ...


@router.get("/api/v1/cache/stats", right="cache:read", response=CacheStats)
async def cache_stats(request: Request) -> CacheStats:
    """The entries of the tenant by cache type, with hits and misses since the gateway started."""
    counts = await service.counts(_cache(services_of(request)), caller_of(request))
    return CacheStats(
        stats=[
            CacheStat(
                cacheType=each.kind,
                entries=each.entries,
                hits=each.hits,
                misses=each.misses,
                bytes=each.bytes,
            )
            for each in counts
        ]
    )


@router.post("/api/v1/cache/invalidate", right="cache:admin", response=Invalidated)
async def invalidate_cache(request: Request, body: InvalidateBody | None = None) -> Invalidated:
    """Remove the tenant's entries of one type, or all of them. Answers on their way into the cache go too."""
    kind = body.cacheType if body is not None else None
    return Invalidated(invalidated=await _invalidate(request, kind), cacheType=kind)


@router.get("/api/cache/stats", right="cache:read", response=CacheSummary)
async def cache_summary(request: Request) -> CacheSummary:
    """The one cache at a glance: all types together, and what its answers saved the tenant (of all time, up to the last
    answered call). Hits and misses are those since the gateway started."""
    services, caller = services_of(request), caller_of(request)
    counts = await service.counts(_cache(services), caller)
    hits, misses = sum(each.hits for each in counts), sum(each.misses for each in counts)
    async with services.database.reading() as db:
        tail = await cast(TailReader, services.recorder).tail(db, caller.tenant)
        saved = await spend.saved_by_caches(db, caller.tenant, caller.app_pin, spend.tally(tail.runs))
    return CacheSummary(
        entries=sum(each.entries for each in counts), hits=hits, misses=misses,
        hit_rate=hits / (hits + misses) if hits + misses else 0.0, size_bytes=sum(each.bytes for each in counts),
        savings_usd=to_usd(saved) or 0.0, strategy="exact",
        types={each.kind: TypeCount(entries=each.entries, hits=each.hits, misses=each.misses) for each in counts},
    )  # fmt: skip


@router.delete("/api/cache", right="cache:admin", response=Cleared)
async def clear_cache(request: Request) -> Cleared:
    """Remove everything the tenant has in the cache; what an app-pinned key asks for is its app's. As
    `/api/v1/cache/invalidate` without a type."""
    return Cleared(removed=await _invalidate(request, None))


async def _invalidate(request: Request, kind: str | None) -> int:
    services, caller = services_of(request), caller_of(request)
    removed = await service.invalidate(_cache(services), caller, kind)
    act = Act.now(
        services.ids, services.clock, kind="cache.invalidated", actor=caller.key_id or caller.user_id or caller.kind,
        detail={"cacheType": kind, "app": caller.app_pin, "entries": removed},
    )  # fmt: skip
    async with (
        services.database.writing() as db
    ):  # not `Writing`: the writer must not wait for the cache's file
        await ledger.append(db, caller.tenant, act)
    return removed


@router.post("/api/v1/tool-cache/check", right="tools:read", response=ToolAnswer)
async def check_tool_cache(request: Request, body: ToolQuery) -> ToolAnswer:
    """Is the result of this read-only tool call known?"""
    hit, result = await service.check_tool(_cache(services_of(request)), _use(request, body))
    return ToolAnswer(hit=hit, result=result)


@router.post("/api/v1/tool-cache/store", right="tools:write", response=ToolStored)
async def store_tool_result(request: Request, body: ToolResult) -> ToolStored:
    """Keep the result of a read-only tool call."""
    services = services_of(request)
    stored = service.store_tool(
        _cache(services), _use(request, body), body.result, ttl_s=body.ttlSeconds, clock=services.clock
    )
    return ToolStored(stored=stored)


def _use(request: Request, body: ToolQuery) -> ToolUse:
    caller = caller_of(request)
    app = service.app_of(caller, body.app if body.app is not None else _header(request, "x-punk-app"))
    subject = body.subject if body.subject is not None else _header(request, "x-punk-subject")
    return ToolUse(caller, app or DEFAULT_APP, subject, body.toolName, body.args, body.sideEffectLevel)


def _header(request: Request, name: str) -> str:
    value = request.headers.get(name, "").strip()
    if len(value) > MAX_NAME:
        raise BadRequest(f"The header {name} must be at most {MAX_NAME} characters.", param=name)
    return value


def _cache(services: Services) -> ResponseCache:
    return cast(ResponseCache, services.hot["cache"])
