"""What goes over HTTP for spend."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Savings(BaseModel):
    """The tenant's rollup. Money is in dollars; runs whose price is unknown are counted in `unpricedRuns`."""

    totalRuns: int
    completedRuns: int = Field(description="Runs that this gateway answered: what the rates are of.")
    liveRuns: int
    optimizedRuns: int
    blockedRuns: int
    totalCostUsd: float
    totalSavedUsd: float
    ghostSavedUsd: float = Field(description="What observe keys would have saved.")
    totalSavedMs: int
    cacheHitRate: float
    artifactHitRate: float
    webTokensSaved: int = Field(description="Tokens not spent on raw HTML, of all web fetches.")
    promptTokens: int
    completionTokens: int
    unpricedRuns: int


class PeriodSpend(BaseModel):
    """What was spent, in dollars, since midnight and since the first of the month (UTC)."""

    today: float
    month: float
    unpriced: int = Field(
        0, description="Runs of the month whose price is unknown: they are not in the sums."
    )


class SpendNow(BaseModel):
    projects: dict[str, PeriodSpend]
    total: PeriodSpend


class DaySpend(BaseModel):
    date: str = Field(examples=["2026-01-31"])
    cost: float = Field(description="Dollars.")
    requests: int
    tokens_in: int
    tokens_out: int
    unpriced: int = 0


class SpendHistory(BaseModel):
    daily: list[DaySpend]


class UserSpend(PeriodSpend):
    """Tokens and requests are those of the month."""

    user_id: str
    tokens_in: int
    tokens_out: int
    requests: int


class CapAmounts(BaseModel):
    """Dollars; 0 is no limit. A soft cap only warns."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"daily_cap": 5, "monthly_cap": 100, "soft_cap": False}]},
    )

    daily_cap: Decimal = Decimal(0)
    monthly_cap: Decimal = Decimal(0)
    soft_cap: bool = False


class UserCap(BaseModel):
    user_id: str
    daily_cap: float
    monthly_cap: float
    soft_cap: bool
    configured: bool = Field(description="Whether this user has a cap of his own.")


class NewCap(CapAmounts):
    """Whose money the cap is of."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"scope": "project", "name": "web", "daily_cap": 5, "monthly_cap": 100}]
        },
    )

    scope: Literal["tenant", "project", "user", "key", "tag", "session"]
    name: str = Field(
        "",
        description="`*` is everybody without a cap of his own; of a tag `name=value` or `name=*`; of the tenant nothing.",
    )


class CapRow(BaseModel):
    scope: str
    name: str
    daily_cap: float
    monthly_cap: float
    soft_cap: bool
    source: Literal["api", "settings"]
    today: float | None = Field(description="Spent today; of a cap with `*` there is no one sum.")
    month: float | None


class CapList(BaseModel):
    caps: list[CapRow]
    total: int
    has_more: bool
    limit: int
    offset: int


class Status(BaseModel):
    status: str
