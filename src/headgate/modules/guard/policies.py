"""Ask the policies: may this agent make this call, and may the tools be called that the answer calls."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.govern.approvals.hot import Action, Gate, Party, enforce
from headgate.kernel.clock import to_us
from headgate.modules.toolcalls import ToolHold, ToolUse, uses_of_reply
from headgate.wire.spec import WIRES

UNDECLARED_LEVEL = 3  # a tool of which nobody said what it does counts as a user-visible write
VERBS = {"openai.embeddings": "model:embed", "passthrough": "model:passthrough"}


class Declared(BaseModel):
    """What a tool does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: int = Field(
        default=UNDECLARED_LEVEL,
        ge=0,
        le=4,
        description="0 pure, 1 reads, 2 reversible, 3 visible, 4 high impact.",
    )
    action: str = Field(default="", description="What policies call it, like `write:email`.")


class Config(ModuleConfig):
    tools: dict[str, Declared] = Field(
        default_factory=dict[str, Declared],
        description="What tools do, by their names. Others count as level 3.",
    )


class Policies(Module[Config]):
    spec = Spec(
        "policies",
        "trust",
        Phase.GUARD,
        "Asks the policies about calls of models and about tool calls in answers.",
        ("trust_enforce", "policyengine"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._gate = cast(Gate, tools.hot["gate"])
        self._agents: Any = tools.hot.get("agents")

    @override
    def on_request(self, call: Call) -> Reply | None:
        if self._gate.is_open(call.tenant):
            return None
        verb = VERBS.get(call.wire, "model:chat")
        arguments = WIRES[call.endpoint].cache_form(call.body)
        action = Action((verb, f"model:{call.model}"), arguments, values=self._values(call))
        enforce([self._gate.judge(self._party(call), action, call.explanation)])
        return None

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        if reply.status == 200 and (reply.tool_calls or reply.route != "live"):
            self._judge(call, uses_of_reply(call, reply.body))

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        """Text passes; from the first tool call on, events wait for the end, when all arguments are known."""
        return ToolHold(call, lambda uses: self._judge(call, uses))

    def _judge(self, call: Call, uses: list[ToolUse]) -> None:
        if not uses:
            return
        party, values = self._party(call), self._values(call)
        at_us = to_us(self.tools.clock.now())
        rulings = [self._gate.judge(party, self._action(use, values), call.explanation) for use in uses]
        for use, ruling in zip(uses, rulings, strict=True):
            level = self._declared(use).level
            if level >= 1:
                state = "planned" if ruling.passes else "blocked"
                call.event(
                    at_us,
                    f"side_effect.{state}",
                    toolName=use.name,
                    level=level,
                    verdict=ruling.verdict.outcome,
                )
        enforce(rulings)

    def _declared(self, use: ToolUse) -> Declared:
        return self.config.tools.get(use.name, UNDECLARED)

    def _action(self, use: ToolUse, values: dict[str, Any]) -> Action:
        declared = self._declared(use)
        names = (*((declared.action,) if declared.action else ()), f"execute:{use.name}", "execute:tool")
        return Action(names, use.arguments, use.name, declared.level, values)

    def _party(self, call: Call) -> Party:
        caller = call.caller
        tags, tier = (
            (frozenset[str](), "unverified")
            if self._agents is None
            else self._agents.of(call.tenant, call.agent)
        )
        requester = caller.key_id or caller.user_id or caller.kind
        return Party(call.tenant, requester, call.agent, call.app, call.subject, tags, tier, call.observing)

    def _values(self, call: Call) -> dict[str, Any]:
        now = self.tools.clock.now()
        return {
            "project": call.project, "model": call.model, "wire": call.wire, "tokens": len(call.body) // 4,
            "now": int(now), "hour": int(now // 3600 % 24), "weekday": int((now // 86_400 + 3) % 7),
            "data": sorted({*call.explanation.get("secrets", {}), *call.notes.get("data_classes", ())}),
        }  # fmt: skip


UNDECLARED = Declared()
