"""What goes over HTTP for runs. Names are those of the references."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class TraceBody(BaseModel):
    runId: str = Field(max_length=128, examples=["run_01JZX5Q0V8M4T2N6B9C3D7F1GH"])
    type: str = Field(examples=["tool.called"])
    payload: dict[str, Any] = Field(
        default_factory=dict, examples=[{"name": "search", "args": {"q": "weather"}}]
    )


class MemoryBody(BaseModel):
    """What had influence on a run, and how far it can be trusted."""

    source: str = Field(min_length=1, max_length=1000, examples=["web:example.com"])
    trustLane: Literal["untrusted", "observed", "verified", "human_approved"] = Field(examples=["untrusted"])
    contentHash: str | None = Field(default=None, max_length=256)


class FeedbackBody(BaseModel):
    type: Literal["rating", "correction"] | None = None
    rating: Literal[1, -1] | None = None
    correction: str | None = Field(default=None, examples=["The correct classification is billing."])


class IngestBody(BaseModel):
    source: str = Field(min_length=1, max_length=128, examples=["claude-code"])
    prompt: str = Field(min_length=1, examples=["Refactor the parser and keep its tests green."])
    sessionId: str | None = Field(default=None, max_length=256)
    metadata: dict[str, Any] = Field(default_factory=dict)


class Run(BaseModel):
    """A run. Money is in dollars; an unknown cost is null and `priceKnown` false."""

    model_config = ConfigDict(extra="allow")

    id: str
    status: Literal[
        "running", "completed", "failed", "blocked", "approval_required", "cancelled", "interrupted"
    ]
    route: str = Field(description="What answered: live, exact_cache, artifact, blocked, ingest, ...")
    model: str = Field(description="The model that the client asked for.")
    servedModel: str
    provider: str
    app: str
    agent: str
    subject: str
    project: str
    mode: str
    costUsd: float | None
    priceKnown: bool
    savedUsd: float | None
    savedMs: int
    ghostRoute: str = Field(description="For observe keys: the route that would have been taken.")
    ghostSavedUsd: float | None
    latencyMs: float
    promptTokens: int
    completionTokens: int
    cachedTokens: int
    httpStatus: int
    errorCode: str
    error: str
    preview: str = Field(description="The beginning of the last user message.")
    createdAt: str


class RunList(BaseModel):
    runs: list[Run]
    total: int
    has_more: bool
    limit: int
    offset: int
    cursor: str | None = Field(
        description="Give it back as `cursor` for the next page; null on the last one."
    )
    total_is_lower_bound: bool = False


class TraceEvent(BaseModel):
    index: int
    type: str
    at: str | None
    payload: dict[str, Any]
    hash: str


class SideEffect(BaseModel):
    id: str
    runId: str
    toolName: str
    level: int
    status: str = Field(description="planned, executed, suppressed or blocked")
    payload: dict[str, Any]
    createdAt: str


class Attempt(BaseModel):
    """One try at a provider. An `unknown` one may have cost what `costUsd` estimates; the run is not billed for it."""

    number: int
    at: str
    latencyMs: float
    provider: str
    key: str = Field(description="Which of the provider's keys; its short name, and no secret.")
    model: str
    outcome: Literal["answered", "refused", "failed", "unknown"]
    status: int | None
    reason: str
    promptTokens: int
    completionTokens: int
    costUsd: float | None
    estimated: bool


class RunDetail(BaseModel):
    run: Run
    events: list[TraceEvent]
    sideEffects: list[SideEffect]
    attempts: list[Attempt] = Field(description="Empty unless one of them failed.")


class IntegrityReport(BaseModel):
    runId: str
    ok: bool
    count: int
    firstBadIndex: int | None
    firstBad: dict[str, Any] | None
    head: str


class FeedbackMade(BaseModel):
    ok: bool
    feedback: dict[str, Any]


class Traced(BaseModel):
    ok: bool
    runId: str
    type: str
    at: str


class Ingested(BaseModel):
    runId: str
