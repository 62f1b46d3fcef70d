"""What goes over HTTP for agents."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Tier = Literal["", "unverified", "verified", "trusted", "privileged"]


class Agent(BaseModel):
    """Whoever acts under a name. `trust` shows the parts of the score; its formula is in the documentation."""

    id: str
    name: str
    kind: str
    trustTier: str
    trustScore: float
    tierSetByOperator: bool
    tags: list[str]
    trust: dict[str, float]
    firstSeenAt: str
    lastSeenAt: str


class Agents(BaseModel):
    agents: list[Agent]
    total: int
    has_more: bool
    limit: int
    offset: int


class AgentChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tags: list[str] | None = Field(None, max_length=100)
    trustTier: Tier | None = Field(None, description="Set by you; empty: by the score again.")
    reason: str = Field("", max_length=2000)
