"""What goes over HTTP for evidence, feedback and replays. Hashes are lower-case hex."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Packet(BaseModel):
    """Everything known of a run. `hash` is SHA-256 over the canonical JSON (sorted keys, no spaces) of all else."""

    model_config = ConfigDict(extra="allow")

    format: str
    runId: str
    redacted: bool
    routeExplanation: dict[str, Any]
    integrity: dict[str, Any]
    replay: dict[str, Any] | None = Field(description="Request and answer; null when they are gone.")
    sideEffects: list[dict[str, Any]]
    events: list[dict[str, Any]]
    approvals: list[dict[str, Any]]
    audit: list[dict[str, Any]] = Field(description="Rows of the ledger that belong to the run, however old.")
    proofs: list[dict[str, Any]]
    unanchored: list[str] = Field(description="Rows that no signed checkpoint covers yet.")
    hash: str


class Bundle(BaseModel):
    model_config = ConfigDict(extra="allow")

    format: str
    runId: str
    redacted: bool
    material: dict[str, Any] | None
    toolEvents: list[dict[str, Any]]
    suppress: list[dict[str, Any]] = Field(
        description="Effects of the run, which a replay must not have again."
    )
    hash: str


class NewPack(BaseModel):
    """A period to make evidence of. `date_to` may be a day, which is then part of it; now when left out."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Third quarter", "date_from": "2025-07-01"}]}
    )

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=4000)
    date_from: str = Field(description="ISO 8601, or seconds since 1970.")
    date_to: str | None = None


class PackMade(BaseModel):
    status: str
    id: str
    event_count: int
    hash: str


class PackLine(BaseModel):
    id: str
    name: str
    description: str
    event_count: int
    date_from: str
    date_to: str
    hash: str
    status: str
    created_at: str


class Packs(BaseModel):
    packs: list[PackLine]
    total: int
    has_more: bool
    limit: int
    offset: int


class NewFeedback(BaseModel):
    """Feedback on an answer. `rating`: 1 to 5 stars, or -1 for a thumb down."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"request_id": "none_such", "rating": 5, "comment": "Just right."}]}
    )

    request_id: str = Field(min_length=1, max_length=128, description="Id of the run.")
    user_email: str = Field("", max_length=320)
    rating: Literal[-1, 1, 2, 3, 4, 5] | None = None
    comment: str = Field("", max_length=20_000)


class Submitted(BaseModel):
    status: str
    id: str


class FeedbackList(BaseModel):
    feedback: list[dict[str, Any]]
    count: int
    total: int
    has_more: bool
    limit: int
    offset: int


class NewReplay(BaseModel):
    """A run to ask again. What is left out is as it was."""

    model_config = ConfigDict(
        protected_namespaces=(),
        json_schema_extra={"examples": [{"original_request_id": "none_such", "model": "gpt-4o-mini"}]},
    )

    original_request_id: str = Field(min_length=1, max_length=128, description="Id of the run.")
    provider: str = Field("", max_length=64)
    model: str = Field("", max_length=200)
    input: str | dict[str, Any] | None = Field(
        None, description="Other words of the user, or a whole other body."
    )


class Replays(BaseModel):
    replays: list[dict[str, Any]]
    total: int
    has_more: bool
    limit: int
    offset: int


class TrustStatus(BaseModel):
    """How the trust side stands. `chain_valid` is what the last verification said, at `verified_at`."""

    app: str
    status: str
    ledger_events: int
    chain_valid: bool
    verified_at: str
    verified_rows: int
    reason: str | None
    policies: int
    feedback_count: int
    replays: int
    evidence_packs: int
