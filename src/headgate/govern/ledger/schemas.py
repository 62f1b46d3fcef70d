"""What goes over HTTP for the ledger. Hashes and roots are lower-case hex, signatures base64."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MAX_NAME = 200
MAX_DETAIL_BYTES = 64 * 1024


class LedgerEvent(BaseModel):
    """One entry. `hash` and `seq` are null for the moment until it has its place in the chain."""

    id: str
    seq: int | None
    event_type: str
    actor: str
    resource: str
    action: str
    run_id: str
    detail: dict[str, Any]
    prev_hash: str | None
    hash: str | None
    created_at: str


class LedgerEvents(BaseModel):
    events: list[LedgerEvent]
    count: int = Field(description="How many are on this page.")
    total: int
    has_more: bool
    limit: int
    offset: int


class NewEntry(BaseModel):
    """An act of yours to put down. It cannot be changed or removed afterwards."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"event_type": "review.done", "action": "approve", "resource": "pr-7"}]
        },
    )

    event_type: str = Field(min_length=1, max_length=MAX_NAME)
    action: str = Field(min_length=1, max_length=MAX_NAME)
    actor: str = Field("", max_length=MAX_NAME, description="Who did it; the caller when left out.")
    resource: str = Field("", max_length=MAX_NAME)
    detail: dict[str, Any] | str | None = Field(None, description="Anything else, up to 64 KiB.")


class Appended(BaseModel):
    status: str
    id: str
    hash: str | None = Field(
        description="Null when it has no place in the chain within a second; it gets one."
    )


class Verified(BaseModel):
    """`broken_at_id` and `broken_at_seq` name the first entry that is not as it was chained."""

    valid: bool
    events_checked: int
    mode: str
    from_seq: int = Field(
        description="Entries up to this number were vouched for by the checkpoint before them."
    )
    broken_at_id: str | None
    broken_at_seq: int | None
    reason: str | None
    anchored: int = Field(description="Entries that a signed checkpoint covers.")
    unanchored: int
    waiting: int = Field(description="Entries without a place in the chain yet.")
    checkpoints: int = Field(description="How many signed checkpoints were compared.")


class CheckpointBody(BaseModel):
    tenant: str
    size: int
    root: str
    at_us: int
    key_id: str
    signature: str


class Checkpoints(BaseModel):
    checkpoints: list[CheckpointBody]
    key_id: str | None
    public_key: str | None = Field(description="Ed25519, PEM.")
    rows: int
    unanchored: int
    total: int
    has_more: bool
    limit: int
    offset: int


class Proof(BaseModel):
    id: str
    seq: int
    entry: dict[str, Any]
    prev_hash: str
    hash: str
    leaf_index: int
    leaf_hash: str
    path: list[str]
    checkpoint: CheckpointBody


class Consistency(BaseModel):
    """`from` and `to` are sizes of the tree."""

    model_config = ConfigDict(populate_by_name=True)

    from_size: int = Field(alias="from")
    to: int
    from_root: str
    to_root: str
    path: list[str]


class AuditEvent(BaseModel):
    id: str
    timestamp: str
    kind: str
    agent: str
    action: str
    decision: str
    runId: str
    detail: dict[str, Any]
    hash: str | None


class AuditEvents(BaseModel):
    events: list[AuditEvent]
    total: int
    has_more: bool
    limit: int
    offset: int


class EntryQuery(BaseModel):
    """Which entries."""

    event_type: str | None = None
    actor: str | None = None
    resource: str | None = None
    action: str | None = None
    run_id: str | None = None
    since: str | None = Field(None, description="ISO 8601, or seconds since 1970.")
    until: str | None = Field(None, description="ISO 8601, or seconds since 1970.")


class AuditQuery(BaseModel):
    """Which audit events."""

    decision: str | None = None
    agent: str | None = None
    action: str | None = None
    since: str | None = Field(None, description="ISO 8601, or seconds since 1970.")
