"""What goes over HTTP for trials."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MAX_RUNS = 10_000


class Trial(BaseModel):
    """A draft to try on stored traffic. It stands beside the policies that hold; with `replaces`, in place of one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"policy": {"name": "no mail", "rules": [{"effect": "deny", "actions": ["write:email"]}]}}
            ]
        },
    )

    policy: dict[str, Any] = Field(
        description="The draft, as `POST /api/trust/policies` takes it (on actions)."
    )
    replaces: str | None = Field(None, description="Id of the policy that the draft would replace.")
    limit: int = Field(1000, ge=1, le=MAX_RUNS, description="How many runs, newest first.")
    agent: str | None = None
    app: str | None = None
    model: str | None = None
    since: str | None = Field(None, description="ISO 8601, or seconds since 1970.")
    until: str | None = None


class Change(BaseModel):
    runId: str
    at: str
    agent: str
    app: str
    action: str
    tool: str
    before: dict[str, str]
    after: dict[str, str]


class TrialResult(BaseModel):
    """Every decision was made twice. `changes` lists the first 500 that differ; `changed` counts all."""

    runs: int
    actions: int
    changed: int
    before: dict[str, int] = Field(description="How many actions got which verdict.")
    after: dict[str, int]
    changes: list[Change]
    unreadable: int = Field(description="Runs whose tool calls cannot be read any more.")
    analysis: list[dict[str, str]] = Field(description="What is odd about the policies with the draft.")
