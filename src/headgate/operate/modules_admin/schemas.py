"""What goes over HTTP for modules."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ModuleChange(BaseModel):
    """What is to change of one module. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": True}]})

    enabled: bool | None = Field(None, description="Switch it on or off.")
    config: dict[str, Any] | None = Field(
        None,
        description="The tenant's own fields, all of them: a field that is not named takes the server's value again.",
    )
    priority: int | None = Field(
        None, description="Read and not used: modules run in the order of their phases. The answer says so."
    )


class BulkChange(BaseModel):
    """Switch several modules at once: those named, or those of a category. All of them, or none when one is unknown."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"modules": ["secretscan"], "enabled": True}]}
    )

    modules: list[str] | None = Field(None, max_length=200, description="Names or aliases.")
    category: str | None = Field(None, description="All modules of this category.")
    enabled: bool = Field(description="On or off.")


class ModuleState(BaseModel):
    """One module, as it is for this tenant."""

    name: str
    aliases: list[str]
    category: str
    phase: str = Field(description="Where it runs: admit, shape, guard, answer or inspect.")
    summary: str
    enabled: bool
    config: dict[str, Any] = Field(description="What holds, the server's values included.")
    priority: int = Field(description="Its place in the order.")
    order: int = Field(description="The same.")
    in_chain: bool = Field(description="It really runs for the next call of this tenant.")
    on_break: str = Field(description="What happens when the module itself fails: block or skip.")
    source: str = Field(description="Who says so: server or tenant.")
    version: int = Field(description="How often this tenant changed it; 0 when never.")
    updated_at: str | None
    problem: str | None = Field(None, description="Why what the tenant said cannot be used by this version.")


class ModuleDetail(ModuleState):
    """With the schema of its config, and what the tenant itself set."""

    own: dict[str, Any] = Field(description="The fields that the tenant itself set.")
    config_schema: dict[str, Any] = Field(description="JSON Schema of `config`.")


class ModuleList(BaseModel):
    modules: list[ModuleState]
    count: int
    total: int
    has_more: bool
    enabled: int = Field(description="How many of all are switched on.")
    limit: int
    offset: int


class ModuleChanged(ModuleDetail):
    status: str = Field(examples=["updated", "undone"])
    module: str
    warnings: list[str] = Field(default_factory=list[str])


class BulkChanged(BaseModel):
    status: str = "updated"
    affected: int = Field(description="How many modules changed.")
    enabled: bool
    modules: list[str]


class ChainStep(BaseModel):
    """One module that runs for this tenant, in the order in which it runs."""

    name: str
    category: str
    phase: str
    enabled: bool = True
    in_chain: bool = True
    hooks: list[str] = Field(description="on_request, wait_request, on_reply, stream_filter, on_done.")


class ChainView(BaseModel):
    chain: list[ChainStep]
    chain_length: int
    total_modules: int


class ModuleVersion(BaseModel):
    version: int
    enabled: bool | None = Field(description="null: as the server says.")
    config: dict[str, Any] | None
    restores: int | None = Field(
        description="The version whose state an undo brought back; 0 is the server's own."
    )
    changed_at: str
    changed_by: str


class ModuleVersions(BaseModel):
    versions: list[ModuleVersion]
    total: int
    has_more: bool
    limit: int
    offset: int


class AccessQuery(BaseModel):
    """Who asks for what."""

    model: str = Field("gpt-4o-mini", description="The model that is asked for.")
    endpoint: str = Field("/v1/chat/completions", description="The path that is called.")
    key: str = Field("", description="The id of a key.")
    user: str = Field("", description="A subject, or the user of a key.")
    app: str = Field("default-app", description="An app.")
    project: str = Field("default", description="A project.")


class ScopeVerdict(BaseModel):
    scope: int = Field(description="Its place in the config of scopeguard, from 0.")
    allowed: bool
    reason: str


class Access(BaseModel):
    """Whether a caller may use a model, and why."""

    model: str
    served_model: str = Field(description="What an alias makes of it.")
    endpoint: str
    allowed: bool
    reason: str
    scope: int | None = Field(description="The scope that refuses.")
    scopes: list[ScopeVerdict] = Field(description="What each scope that is about this caller says.")
