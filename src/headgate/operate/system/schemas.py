"""What goes over HTTP about the server itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    """Alive. Read without touching disk, database or network."""

    ok: bool = Field(examples=[True])
    status: str = Field(examples=["ok"])
    timestamp: str = Field(examples=["2026-01-02T03:04:05.678901Z"])
    version: str = Field(examples=["0.1.0"])
    provider: str = Field(examples=["mock"])
    plasmate: bool = Field(description="Always false: there is no external engine.", examples=[False])


class DatabaseState(BaseModel):
    kind: Literal["sqlite", "postgresql"]
    ok: bool
    error: str | None = Field(description="What kind of trouble there is, when it does not answer.")


class DiskState(BaseModel):
    freeBytes: int
    totalBytes: int


class Status(BaseModel):
    """How the server is. The parts below `database` are there for the operator only (the default tenant)."""

    ok: bool
    version: str = Field(examples=["0.1.0"])
    mode: Literal["open", "protected"]
    provider: str = Field(examples=["mock"])
    startedAt: str = Field(examples=["2026-01-02T03:04:05.678901Z"])
    uptimeSeconds: float
    database: DatabaseState
    disk: DiskState | None = Field(None, description="Of the volume that holds the data folder.")
    lostRecords: int | None = Field(
        None, description="Records lost since the start, by HEADGATE_ON_RECORD_FAILURE=serve."
    )
    record: dict[str, Any] | None = Field(None, description="The spool and its drain.")
    cache: dict[str, Any] | None = Field(None, description="The response cache of this process.")
    upstream: dict[str, Any] | None = Field(None, description="The pool of connections to providers.")
    loop: dict[str, Any] | None = Field(None, description="How long the event loop was held up.")
    worker: dict[str, Any] | None = Field(None, description="The worker process.")
    fast: dict[str, Any] | None = Field(None, description="Shared limits and counters.")
