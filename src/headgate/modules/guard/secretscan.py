"""Look for keys, tokens and passwords in what goes out to a provider."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec
from headgate.govern.guardrails.hot import (
    Action,
    count_json,
    judge,
    may_hold,
    redact_json,
)


class Config(ModuleConfig):
    action: Action = Field(
        "flag",
        description="flag: note kind and number. redact: replace the secret in the request. block: refuse the call.",
    )


class SecretScan(Module[Config]):
    spec = Spec(
        "secretscan",
        "safety",
        Phase.GUARD,
        "Finds secrets in requests before they reach a provider.",
        ("secret_scan",),
    )
    Config = Config

    @override
    def on_request(self, call: Call) -> Reply | None:
        if may_hold(call.body):
            self._look(call)
        return None

    def _look(self, call: Call) -> None:
        if self.config.action == "redact" and not call.observing:
            call.body, found = redact_json(call.body)
        else:
            found = count_json(call.body)
        if found:
            judge(call, "request", found, self.config.action)
