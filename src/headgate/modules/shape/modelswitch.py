"""Send a call to another model or provider when a rule says so: CEL, or one of the simple conditions."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.modules.callers import Sticky, share
from headgate.modules.conditions import Values
from headgate.modules.rules import Rule, condition_of


class Config(ModuleConfig):
    enabled: bool = False
    rules: tuple[Rule, ...] = Field((), max_length=200, description="Tried in the order of their priority.")
    default: str = Field(
        "", description="The model for calls that no rule fits; empty leaves them as they are."
    )
    sticky: Sticky = Field("user", description="Who stays on one side of a split: user, session or call.")


class ModelSwitch(Module[Config]):
    spec = Spec(
        "modelswitch",
        "routing",
        Phase.SHAPE,
        "Sends calls to another model by rules.",
        ("smartroute", "model_switch", "rules"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        ordered = sorted(config.rules, key=lambda rule: -rule.priority)
        self._rules = [(rule, condition_of(rule)) for rule in ordered]
        self._now = tools.clock.now

    @override
    def on_request(self, call: Call) -> Reply | None:
        values = Values(call, self._now())
        for rule, test in self._rules:
            if test(values) and (
                rule.weight >= 100 or share(call, rule.name, self.config.sticky) * 100 < rule.weight
            ):
                _send(call, rule.model or call.model, rule.provider, rule.name or rule.condition)
                return None
        if self.config.default:
            _send(call, self.config.default, "", "default")
        return None


def _send(call: Call, model: str, provider: str, rule: str) -> None:
    call.explanation["modelswitch"] = {"rule": rule, "from": call.model, "to": model, "provider": provider}
    call.model = model
    if provider:
        call.notes["targets"] = ((provider, model),)
