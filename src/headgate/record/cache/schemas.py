"""What goes over HTTP: statistics, invalidation, and the cache of tool results."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from headgate.record.cache.keys import KINDS

MAX_NAME = 120
MAX_TTL_S = 86_400

Name = Annotated[str, Field(max_length=MAX_NAME)]


class CacheStat(BaseModel):
    """One type of the tenant's entries; hits and misses since the gateway started."""

    cacheType: str = Field(examples=list(KINDS))
    entries: int
    hits: int
    misses: int
    bytes: int


class CacheStats(BaseModel):
    stats: list[CacheStat]


class TypeCount(BaseModel):
    entries: int
    hits: int
    misses: int


class CacheSummary(BaseModel):
    """All types of the tenant's entries together."""

    entries: int
    hits: int = Field(description="Since the gateway started.")
    misses: int
    hit_rate: float
    size_bytes: int
    savings_usd: float = Field(description="What answers of caches saved, of all time.")
    strategy: str = Field(description="How an answer is found.", examples=["exact"])
    types: dict[str, TypeCount]


class Cleared(BaseModel):
    status: str = "cleared"
    removed: int = Field(description="How many entries there were.")


class InvalidateBody(BaseModel):
    """Which entries go. Without `cacheType`: all of the tenant."""

    cacheType: str | None = Field(None, examples=["exact_response"])


class Invalidated(BaseModel):
    ok: bool = True
    invalidated: int = Field(description="How many entries there were.")
    cacheType: str | None = None


class ToolQuery(BaseModel):
    """One call of a read-only tool. `subject` and the app are walls: a result never crosses them."""

    model_config = ConfigDict(extra="allow")

    toolName: Annotated[str, Field(min_length=1, max_length=MAX_NAME, examples=["get_weather"])]
    args: Any = Field(None, description="The arguments; the order of keys makes no difference.")
    subject: Name | None = Field(
        None, description="As the header X-Punk-Subject, which counts when this is missing."
    )
    app: Name | None = Field(None, description="As the header X-Punk-App, which counts when this is missing.")
    sideEffectLevel: int | None = Field(None, ge=0, le=4, description="Above 1 nothing is cached.")


class ToolResult(ToolQuery):
    """What the tool gave, and for how long it may be given again."""

    result: Any = Field(description="Any JSON, at most 256 KiB.", examples=[{"temperatureC": 21}])
    ttlSeconds: int = Field(3600, ge=1, le=MAX_TTL_S, description="At most 24 hours.")


class ToolAnswer(BaseModel):
    hit: bool
    result: Any = None


class ToolStored(BaseModel):
    ok: bool = True
    stored: bool
