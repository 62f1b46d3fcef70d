"""Look for keys, tokens and passwords in what goes out to a provider."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec
from headgate.govern.guardrails.hot import Action, judge, may_hold, redact_request


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
        changes = self.config.action == "redact" and not call.observing
        if found := redact_request(call, change=changes):
            judge(call, "request", found, self.config.action)
