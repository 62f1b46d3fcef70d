"""What a policy is, in files and over HTTP. Strict: a field that is not known is an error."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from headgate.govern.policies.actions import ACTION
from headgate.kernel.conditions import BadCondition, Condition

Effect = Literal["allow", "deny"]
Tier = Literal["unverified", "verified", "trusted", "privileged"]
MAX_RULES = 500
MAX_NAMES = 500
# what a condition may ask about
VALUES = frozenset({
    "caller", "agent", "app", "subject", "project", "tags", "tier", "trust", "model", "provider", "wire", "cost", "tokens",
    "tool", "args", "level", "host", "now", "hour", "weekday", "data",
})  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]*")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class AppliesTo(_Strict):
    """Whom a policy is for. Empty: everyone that no more specific policy is for."""

    agentIds: list[str] = Field(default_factory=list[str], max_length=MAX_NAMES)
    tags: list[str] = Field(default_factory=list[str], max_length=MAX_NAMES)
    trustTiers: list[Tier] = Field(default_factory=list[Tier], max_length=4)


class Quorum(_Strict):
    """How many must approve, and whether whoever asked may be one of them."""

    approvals: int = Field(default=1, ge=1, le=20)
    requesterMayDecide: bool = False


ONE_APPROVAL = Quorum()


class Rule(_Strict):
    """The first rule of a policy that names the action, and whose condition holds, decides."""

    name: str = Field("", max_length=200)
    effect: Effect
    actions: list[str] = Field(
        min_length=1, max_length=MAX_NAMES, description="`verb:resource`; `*` stands for any part."
    )
    requiresApproval: bool = False
    quorum: Quorum | None = Field(None, description="Of approvals, when they are required.")
    when: str | None = Field(None, description="A condition in CEL.")

    @field_validator("actions")
    @classmethod
    def _are_actions(cls, actions: list[str]) -> list[str]:
        for action in actions:
            if not ACTION.fullmatch(action):
                raise ValueError(f"{action!r} is not `verb:resource`, with `*` for any part")
        return actions

    @field_validator("when")
    @classmethod
    def _compiles(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                Condition(text, VALUES)
            except BadCondition as error:
                raise ValueError(f"not a condition: {error}") from None
        return text

    @model_validator(mode="after")
    def _fits_together(self) -> Rule:
        if self.effect == "deny" and self.requiresApproval:
            raise ValueError("a rule that denies cannot also require approval")
        if self.quorum is not None and not self.requiresApproval:
            raise ValueError("`quorum` needs `requiresApproval: true`")
        return self


class Policy(_Strict):
    """One policy on actions."""

    name: str = Field(min_length=1, max_length=200)
    version: str = Field("1", max_length=100)
    description: str = Field("", max_length=4000)
    appliesTo: AppliesTo = AppliesTo()
    rules: list[Rule] = Field(default_factory=list[Rule], max_length=MAX_RULES)
    defaultEffect: Effect = "allow"

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("a name is made of letters, digits, spaces and . _ : / -")
        return name

    @field_validator("version", mode="before")
    @classmethod
    def _as_text(cls, version: Any) -> Any:
        """YAML reads `version: 1` as a number."""
        return (
            str(version) if isinstance(version, (int, float)) and not isinstance(version, bool) else version
        )


class ContentRule(_Strict):
    """A pattern in some field of requests or answers."""

    field: str = Field(
        "response.content", description="request.content, response.content, or content for both."
    )
    operator: Literal["regex", "contains"] = "regex"
    pattern: str = Field(min_length=1, max_length=2000)


class ContentPolicy(_Strict):
    """A policy on what is said: compiled to guardrail rules, which judge every wire, plain and streamed."""

    name: str = Field(min_length=1, max_length=100)
    action: Literal["block", "redact", "warn", "log"]
    rules: list[ContentRule] = Field(min_length=1, max_length=100)
    description: str = Field("", max_length=2000)


class TrustPolicy(BaseModel):
    """A policy to be made, in either of its forms: on actions or on content. `{name, type, config}` is understood too."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "no mail", "rules": [{"effect": "deny", "actions": ["write:email"]}]}]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    action: str | None = Field(None, description="block, redact, warn or log: a policy on content.")
    type: str | None = None
    config: dict[str, Any] | None = None
    enabled: bool | None = None
    version: str | None = None
    description: str | None = None
    appliesTo: dict[str, Any] | None = None
    rules: list[dict[str, Any]] | None = None
    defaultEffect: str | None = None

    @property
    def is_content(self) -> bool:
        """Is it on what is said?"""
        return self.action is not None or self.type in CONTENT_TYPES

    def as_policy(self) -> dict[str, Any]:
        """Its fields as a policy on actions."""
        names = ("name", "version", "description", "appliesTo", "rules", "defaultEffect")
        own = {name: value for name in names if (value := getattr(self, name)) is not None}
        return {**(self.config or {}), **own}

    def as_content(self) -> dict[str, Any]:
        """Its fields as a policy on content; `{type, config:{pattern, target}}` is a rule of its own."""
        config = self.config or {}
        action = self.action or (self.type if self.type in CONTENT_TYPES else None)
        rules = self.rules if self.rules is not None else config.get("rules")
        if rules is None and "pattern" in config:
            field = _TARGETS.get(str(config.get("target", "response")), "response.content")
            rules = [{"field": field, "pattern": config["pattern"]}]
        description = self.description if self.description is not None else config.get("description", "")
        return {"name": self.name, "action": action, "rules": rules or [], "description": description}


CONTENT_TYPES = ("block", "redact", "warn", "log")
_TARGETS = {"request": "request.content", "response": "response.content", "both": "content"}


class PolicyChange(BaseModel):
    """What is to change. Without any field of a policy only `enabled` is."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool | None = None
    name: str | None = Field(None, min_length=1, max_length=200)
    version: str | None = None
    description: str | None = None
    appliesTo: dict[str, Any] | None = None
    rules: list[dict[str, Any]] | None = None
    defaultEffect: str | None = None
    action: str | None = None

    def as_policy(self) -> dict[str, Any]:
        return {
            name: value for name, value in self.model_dump(exclude_none=True).items() if name not in ("enabled", "action")
        }  # fmt: skip


class PolicyDone(BaseModel):
    status: str
    id: str


class Oddity(BaseModel):
    kind: str = Field(description="unreachable_rule, contradiction, tie or tool_without_rule.")
    policy: str
    text: str


class RefusedFile(BaseModel):
    file: str
    reason: str


class PolicyView(BaseModel):
    """One policy, whatever it was made by. `source`: file, api or guardrail."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    source: str
    enabled: bool


class PolicyList(BaseModel):
    policies: list[PolicyView]
    analysis: list[Oddity]
    refusedFiles: list[RefusedFile]
    total: int
    has_more: bool
    limit: int
    offset: int


class TrustPolicyView(BaseModel):
    id: str
    name: str
    type: str = Field(description="action, or what a policy on content does.")
    config: dict[str, Any]
    enabled: bool
    action: str | None
    rules: list[dict[str, Any]]


class TrustPolicies(BaseModel):
    policies: list[TrustPolicyView]
    count: int
    total: int
    has_more: bool
    limit: int
    offset: int
