"""What goes over HTTP for providers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Family = Literal["openai", "anthropic", "google"]
MODELS = Field(
    None, max_length=500, description="Model names that are its own, each the name itself or its beginning and `*`."
)  # fmt: skip


class NewProvider(BaseModel):
    """A provider to add: any service that speaks OpenAI's, Anthropic's or Google's format."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "mine", "base_url": "http://127.0.0.1:8001/v1", "api_key": "sk-example"}]
        },
    )

    name: str = Field(description="1 to 63 of a-z, 0-9, - and _; models are asked for as `name/model`.")
    base_url: str = Field(
        max_length=2048,
        description="Its address with the path before `/chat/completions`; without a path `/v1` is added. "
        "A private address is refused unless the operator allows it.",
    )
    api_key: str | None = Field(
        None, max_length=8192, description="Kept encrypted, never shown. Several with commas: a pool."
    )
    family: Family = Field("openai", description="The format that it speaks.")
    models: list[str] | None = MODELS


class ProviderChange(BaseModel):
    """What is to change of a provider that was added here. With a new address the key must be given again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"models": ["llama-*"]}]})

    base_url: str | None = Field(None, max_length=2048)
    api_key: str | None = Field(None, max_length=8192, description="Empty: it needs none any more.")
    family: Family | None = None
    models: list[str] | None = MODELS


class ProviderState(BaseModel):
    """One provider as it runs."""

    name: str
    base_url: str
    family: str
    wires: list[str] = Field(description="The formats that it speaks itself; others are translated.")
    source: str = Field(description="Who configured it: server or tenant.")
    has_key: bool
    keys: int = Field(description="How many keys take turns.")
    models: list[str] = Field(description="Names that were given as its own.")
    status: str = Field(
        description="unknown, active, degraded or unreachable: what the newest of calls and checks says."
    )
    latency_ms: float | None = Field(description="Of answers, smoothed.")
    request_count: int = Field(description="Attempts of this tenant since the gateway started.")
    error_count: int
    last_check: str | None
    last_error: str | None = Field(description="What the last check found wrong.")
    breaker: str = Field(description="closed, open or half_open: the worst of its keys and models.")


class ProviderList(BaseModel):
    providers: list[ProviderState]
    count: int
    total: int
    has_more: bool
    limit: int
    offset: int


class ProviderSaved(ProviderState):
    result: str = Field(examples=["created", "updated"])


class Removed(BaseModel):
    status: str = "deleted"
    provider: str


class Checked(BaseModel):
    status: str = Field(description="active, degraded or unreachable.")
    provider: str
    checked_at: str
    latency_ms: float
    http_status: int | None
    error: str | None


class HealthRow(BaseModel):
    provider: str
    status: str
    latency_ms: float
    error: str | None


class HealthList(BaseModel):
    providers: list[HealthRow]
    total: int
    healthy: int
    checked_at: str


class RouteTarget(BaseModel):
    provider: str
    model: str = Field(description="What the model is called there; empty: as it was asked for.")
    weight: int


class Route(BaseModel):
    """One rule by which models find their provider, in the order in which they are asked."""

    path: str
    method: str
    model: str = Field(description="The name itself, or its beginning and `*`.")
    provider: str
    targets: list[RouteTarget]
    enabled: bool = True
    source: str = Field(description="settings, tenant, prefix, name or default.")


class RouteList(BaseModel):
    routes: list[Route]
    count: int
    total: int
    has_more: bool
    limit: int
    offset: int


class Status(BaseModel):
    app: str = "proxy"
    status: str = "running"
    total_modules: int
    enabled_modules: int
    live_chain: int
    providers: int
    healthy_providers: int
    routes: int
    open_breakers: int


class Price(BaseModel):
    model: str
    provider: str
    input_per_m: float
    output_per_m: float | None
    cached_input_per_m: float | None
    context: int | None = Field(description="How many tokens fit, where that is known.")
    source: str = Field(description="operator or list.")


class PriceList(BaseModel):
    pricing: list[Price]
    count: int
    total: int
    has_more: bool
    limit: int
    offset: int


class EstimateQuery(BaseModel):
    """A call that might be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"model": "gpt-4o-mini", "input_text": "Hello", "max_tokens": 100}]},
    )

    model: str = Field(min_length=1, max_length=512)
    input_text: str = Field("", description="The prompt; four characters count as a token.")
    input_tokens: int | None = Field(None, ge=0, le=100_000_000, description="Instead of `input_text`.")
    max_tokens: int = Field(2048, ge=0, le=10_000_000)
    provider: str = Field("", max_length=64, description="Which provider; empty: the one it would go to.")


class Estimate(BaseModel):
    model: str
    provider: str
    input_tokens: int
    output_tokens: int
    input_cost: float | None
    output_cost: float | None
    total_cost: float | None = Field(description="Dollars; null when the price is not known.")
    currency: str = "USD"
    price_known: bool
    fits_context: bool | None = Field(description="Whether both fit into the model; null when nobody knows.")


class BreakerList(BaseModel):
    breakers: list[dict[str, Any]]
    count: int
    total: int
    has_more: bool
    limit: int
    offset: int


class BreakersReset(BaseModel):
    status: str = "reset"
    reset: int = Field(description="How many were not closed.")
    provider: str | None = None
