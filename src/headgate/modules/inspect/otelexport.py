"""Tell an OpenTelemetry collector of each call. Needs the extra `otel`; only the server's settings say where it goes."""

from __future__ import annotations

import importlib.util
import os
from typing import Any, cast

from pydantic import AliasChoices, Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.money import to_usd
from headgate.modules.callers import share
from headgate.operate.telemetry.hot import Destination, SpanNote, Telemetry


class Config(ModuleConfig):
    enabled: bool = False
    endpoint: str = Field(
        "http://127.0.0.1:4318/v1/traces",
        pattern=r"^https?://",
        description="Where spans are sent, as OTLP over HTTP. Of the server only.",
    )
    headers: dict[str, str] = Field(
        default_factory=dict, repr=False, description="Headers for the collector. Of the server only."
    )
    service_name: str = Field(
        "headgate", min_length=1, max_length=100, description="The name of this service in traces."
    )
    sample_rate: float = Field(
        1.0,
        validation_alias=AliasChoices("sample_rate", "sampling"),
        ge=0,
        le=1,
        description="The share of calls that are told.",
    )

    @field_validator("enabled")
    @classmethod
    def _has_the_extra(cls, value: bool) -> bool:
        if value and importlib.util.find_spec("opentelemetry") is None:
            raise ValueError("needs the extra: pip install 'headgate[otel]'")
        return value


class OtelExport(Module[Config]):
    spec = Spec(
        "otelexport", "observe", Phase.INSPECT, "Sends a span of each call to an OpenTelemetry collector.",
        ("otel", "opentelemetry"), stance=Stance.SKIP, server_only=frozenset({"endpoint", "headers"}),
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        to = Destination(config.endpoint, config.service_name, tuple(sorted(config.headers.items())))
        self._sender = cast(Telemetry, tools.hot["telemetry"]).sender(to)
        self._now = tools.clock.now

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if self.config.sample_rate < 1 and share(call, "otel") >= self.config.sample_rate:
            return
        trace, span, parent = call.notes.get("trace") or (os.urandom(16).hex(), os.urandom(8).hex(), "")
        failed = reply.error_code or (f"http {reply.status}" if reply.status >= 400 else "")
        note = SpanNote(
            trace, span, parent, call.received_us, int(self._now() * 1e6), failed, _attributes(call, reply)
        )
        self._sender.put(note)


def _attributes(call: Call, reply: Reply) -> dict[str, Any]:
    """In the words of the reference, and in those of OpenTelemetry's conventions for generative AI. Never a text."""
    usage = reply.usage
    found: dict[str, Any] = {
        "llm.model": reply.model or call.model, "llm.provider": reply.provider,
        "llm.tokens.total": usage.prompt_tokens + usage.completion_tokens,
        "gen_ai.request.model": call.view.model, "gen_ai.response.model": reply.model, "gen_ai.provider.name": reply.provider,
        "gen_ai.usage.input_tokens": usage.prompt_tokens, "gen_ai.usage.output_tokens": usage.completion_tokens,
        "http.response.status_code": reply.status, "headgate.run_id": call.run_id, "headgate.route": reply.route,
        "headgate.cache": reply.cache, "headgate.app": call.app, "headgate.tenant": call.tenant, "headgate.wire": call.wire,
        "headgate.stream": call.view.stream,
    }  # fmt: skip
    if reply.cost_pico is not None:
        found["llm.cost.usd"] = to_usd(reply.cost_pico)
    return found
