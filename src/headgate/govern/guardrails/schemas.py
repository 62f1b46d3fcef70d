"""What goes over HTTP for guardrail rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from headgate.govern.guardrails.rules import EVERY_PROJECT, Direction, RuleAction

RuleType = Literal["pii", "injection", "toxic", "custom"]
_SAME = {"request": "input", "response": "output", "answer": "output"}


def _direction(value: Any) -> Any:
    return _SAME.get(value, value) if isinstance(value, str) else value


Way = Annotated[Direction, BeforeValidator(_direction)]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\[\]]+$")]
Pattern = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="A regular expression in RE2's words; case does not matter.",
    ),
]
Project = Annotated[
    str,
    Field(min_length=1, max_length=120, description="The project (`X-Project`) it holds for; `*` for all."),
]
_RULE: dict[str, JsonValue] = {
    "name": "no card numbers",
    "pattern": r"\b(?:\d[ -]?){13,16}\b",
    "type": "pii",
    "action": "redact",
}


class NewRule(BaseModel):
    """A rule to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_RULE]})

    name: Name = Field(description="Its name, unique in the tenant.")
    pattern: Pattern
    type: RuleType = Field("custom", description="What it looks for; matches of `pii` are masked in events.")
    action: RuleAction = Field(
        "log", description="block refuses, redact takes the match out, warn tells the client, log notes."
    )
    direction: Way = Field("both", description="input, output or both.")
    project: Project = EVERY_PROJECT
    enabled: bool = True
    priority: int = Field(0, ge=-1_000_000, le=1_000_000, description="Higher ones judge first.")
    description: str = Field("", max_length=2000)


class RuleChange(BaseModel):
    """What is to change of a rule. What is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}]})

    name: Name | None = None
    pattern: Pattern | None = None
    type: RuleType | None = None
    action: RuleAction | None = None
    direction: Way | None = None
    project: Project | None = None
    enabled: bool | None = None
    priority: int | None = Field(None, ge=-1_000_000, le=1_000_000)
    description: str | None = Field(None, max_length=2000)


class RuleView(BaseModel):
    """One rule."""

    id: str
    name: str
    type: str
    pattern: str
    action: str
    direction: str
    project: str
    enabled: bool
    priority: int
    description: str
    created_at: str
    updated_at: str


class RuleList(BaseModel):
    """Every rule, those switched off too, in the order in which they judge."""

    rules: list[RuleView]
    count: int


class RuleMade(BaseModel):
    """What became of the request."""

    id: str
    status: str = Field(description="created, updated or deleted.")


class Trial(BaseModel):
    """A text to try the rules on."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "my card is 4111 1111 1111 1111"}]}
    )

    text: str = Field(min_length=1, max_length=1_000_000)
    project: str = Field("default", max_length=120, description="As the project that calls.")
    direction: Way | None = Field(
        None, description="Only the rules that judge this way; all of them when left out."
    )


class TrialMatch(BaseModel):
    rule_name: str
    rule_type: str
    action: str
    match: str = Field(description="What matched, at most 100 characters.")


class TrialResult(BaseModel):
    """What the rules found. Nothing was counted, kept or announced."""

    matches: list[TrialMatch]
    count: int


class Stats(BaseModel):
    """How often rules did something, since the first time."""

    blocked: int
    flagged: int = Field(description="By warn and log.")
    redacted: int
    rule_hits: dict[str, int] = Field(description="By the rule's name.")
    since: str | None = Field(description="When the first of them was counted. The sums outlive a restart.")


class EventView(BaseModel):
    """What one rule did to one call."""

    id: str
    timestamp: str
    rule_name: str
    rule_type: str
    action: str
    direction: str = Field(description="request or response.")
    project: str
    model: str
    match_text: str = Field(
        description="The first match, at most 200 characters; masked where it is personal or was taken out."
    )
    matches: int
    request_id: str = Field(description="The run.")


class EventList(BaseModel):
    """What rules did of late, newest first; the newest 10,000 are kept."""

    events: list[EventView]
    total: int
    has_more: bool
    limit: int
    offset: int
    total_is_lower_bound: bool | None = None
