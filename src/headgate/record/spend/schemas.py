"""What goes over HTTP for spend."""

from __future__ import annotations

from pydantic import BaseModel, Field


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
