"""What goes over HTTP for bills and prices. Money is in dollars."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Used(BaseModel):
    """What one side counts; null is what it does not say."""

    requests: int | None
    input_tokens: int | None = Field(description="Cached ones among them.")
    cached_tokens: int | None
    output_tokens: int | None
    cost: float | None
    unpriced: int = Field(0, description="Runs here whose price is unknown: their cost is missing.")


class BillRow(BaseModel):
    date: str
    model: str = Field(description="Without the date of its version.")
    result: Literal["matches", "differs", "only_provider", "only_here"]
    provider: Used | None
    here: Used | None
    difference: dict[str, float] = Field(description="Here minus provider, of what both say.")
    why: list[str]


class BillTotals(BaseModel):
    provider_cost: float | None
    here_cost: float
    difference: float | None
    provider_tokens: int
    here_tokens: int


class Unread(BaseModel):
    reason: str
    rows: int


class BillReport(BaseModel):
    provider: Literal["openai", "anthropic"]
    since: str
    until: str
    tolerance_pct: float
    rows: list[BillRow]
    totals: BillTotals
    summary: dict[str, int]
    unread: list[Unread]


class NewPrice(BaseModel):
    """A price in dollars per million tokens, from a date on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"model": "gpt-4o", "price": {"input": 2.5, "output": 10, "cached_input": 1.25},
                          "effectiveAt": "2026-01-01T00:00:00Z"}]
        },
    )  # fmt: skip

    model: str
    provider: str = Field("", description="Empty: whoever provides it.")
    price: dict[str, Any] = Field(
        description="`input`, `output`, and where they differ `cached_input`, `cache_write`, `cache_write_1h`, `reasoning`, "
        "`audio_input`, `audio_output`; `request` is dollars a call; `tiers` are whole prices of batch, flex, priority."
    )
    effectiveAt: str | None = Field(None, description="From when on; without it from now on.")
    note: str = Field("", max_length=500)


class Price(NewPrice):
    id: str
    effectiveAt: str | None
    createdAt: str
    createdBy: str
    withdrawnAt: str | None


class PriceList(BaseModel):
    prices: list[Price]
    total: int
    has_more: bool
    limit: int
    offset: int


class RepriceBody(BaseModel):
    """Which runs are counted anew: those from `since` until before `until`."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"since": "2026-01-01T00:00:00Z", "dryRun": True}]}
    )

    since: str
    until: str | None = None
    dryRun: bool = False


class Repriced(BaseModel):
    dryRun: bool
    lookedAt: int
    changed: int
    beforeUsd: float
    afterUsd: float
    stillUnpriced: int
    done: bool = Field(description="False: go on with `since` = `next`.")
    next: str | None = None
