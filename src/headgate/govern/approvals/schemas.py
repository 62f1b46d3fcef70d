"""What goes over HTTP for approvals."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["pending", "approved", "rejected", "used", "expired"]


class Ballot(BaseModel):
    by: str
    vote: str
    reason: str
    at: str


class Approval(BaseModel):
    """An action that waits for people. `needed` of them must approve; then exactly that call passes once, until `expiresAt`."""

    id: str
    status: Status
    action: str
    tool: str
    agent: str
    app: str
    requester: str
    policy: str = Field(description="`name@version`.")
    rule: str
    runId: str = Field(description="The call that was refused.")
    usedByRun: str | None
    needed: int
    votes: list[Ballot]
    detail: dict[str, Any] = Field(description="What is to be decided: tool and arguments, or the request.")
    createdAt: str
    expiresAt: str
    decidedAt: str | None


class Approvals(BaseModel):
    approvals: list[Approval]
    total: int
    has_more: bool
    limit: int
    offset: int


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=4000, description="Why. It goes into the ledger.")
