"""What goes over HTTP for settings."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Every setting of the tenant. `webhook_secret` never comes back: `[set]` or null."""

    settings: dict[str, Any]


class NewValue(BaseModel):
    """One setting to be set."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"key": "redaction", "value": True}]}
    )

    key: str = Field(max_length=100)
    value: Any = Field(description="What it is to be; see `GET /api/v1/settings` for the kinds.")
