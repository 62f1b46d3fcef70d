"""Ask the policies: may this agent make this call, and may the tools be called that the answer calls."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.govern.agents.hot import AgentBook
from headgate.govern.approvals.hot import Action, Gate, InfluenceBook, Party, Ruling, enforce
from headgate.identity.settings.hot import SettingsBook
from headgate.kernel.clock import to_us
from headgate.kernel.errors import Unavailable
from headgate.modules.toolcalls import ToolHold, ToolUse, uses_of_reply, uses_of_stream
from headgate.wire.spec import WIRES
from headgate.wire.tool_results import tools_of_results

UNDECLARED_LEVEL = 3  # a tool of which nobody said what it does counts as a user-visible write
VERBS = {"openai.embeddings": "model:embed", "passthrough": "model:passthrough"}
JUDGED, TAINTED = "policies.judged", "policies.tainted"


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
    trusted: bool = Field(default=False, description="What it brings is not untrusted content.")


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
        self._agents = cast(AgentBook, tools.hot["agents"])
        self._settings = cast(SettingsBook, tools.hot["settings"])
        self._influences = cast(InfluenceBook, tools.hot["influences"])

    @override
    def on_request(self, call: Call) -> Reply | None:
        if self._settings.quarantine(call.tenant).enabled:
            self._look_for_taint(call)
        if self._gate.is_open(call.tenant):
            return None
        verb = VERBS.get(call.wire, "model:chat")
        arguments = WIRES[call.endpoint].cache_form(call.body)
        action = Action((verb, f"model:{call.model}"), arguments, values=self._values(call))
        enforce([self._gate.judge(self._party(call), action, call.explanation)])
        return None

    def _look_for_taint(self, call: Call) -> None:
        """Results of tools that nobody vouches for are untrusted, and so is what a tainted run spawned."""
        foreign = {name for name in tools_of_results(call) if not self._declared(name).trusted}
        if foreign or self._influences.is_tainted(call.tenant, call.parent_run):
            call.notes[TAINTED] = True
            call.explanation["influence"] = {
                "untrusted": sorted(foreign),
                "parentRun": call.parent_run or None,
            }
            self._influences.note(call.tenant, call.run_id, "untrusted")

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        if reply.status == 200 and (reply.tool_calls or reply.route != "live"):
            self._judge(call, uses_of_reply(call, reply.body))

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        """Text passes; from the first tool call on, events wait for the end, when all arguments are known."""
        if self._gate.is_open(call.tenant) and TAINTED not in call.notes:
            return None
        return ToolHold(call, lambda uses: self._judge(call, uses))

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        """A stream that nobody had to hold: its side effects are on record all the same."""
        if not reply.tool_calls or not call.view.stream or JUDGED in call.notes:
            return
        try:
            uses = uses_of_stream(call, reply.body)
        except Unavailable:
            return  # it broke off, or its arguments are none: the client has seen what there was
        self._judge(call, uses)

    def _judge(self, call: Call, uses: list[ToolUse]) -> None:
        call.notes[JUDGED] = True
        if not uses:
            return
        party, values = self._party(call), self._values(call)
        rulings = [self._rule(call, party, use, values) for use in uses]
        at_us = to_us(self.tools.clock.now())
        for use, ruling in zip(uses, rulings, strict=True):
            level, outcome = self._declared(use.name).level, ruling.verdict.outcome
            if level >= 1:
                name = f"side_effect.{'planned' if ruling.passes else 'blocked'}"
                call.event(at_us, name, toolName=use.name, level=level, verdict=outcome)
        enforce(rulings)

    def _rule(self, call: Call, party: Party, use: ToolUse, values: dict[str, Any]) -> Ruling:
        declared = self._declared(use.name)
        names = (*((declared.action,) if declared.action else ()), f"execute:{use.name}", "execute:tool")
        action = Action(names, use.arguments, use.name, declared.level, values)
        waits = TAINTED in call.notes and declared.level >= self._settings.quarantine(call.tenant).threshold
        return self._gate.judge(party, action, call.explanation, ask_always=waits)

    def _declared(self, name: str) -> Declared:
        return self.config.tools.get(name, UNDECLARED)

    def _party(self, call: Call) -> Party:
        caller = call.caller
        requester = caller.key_id or caller.user_id or caller.kind
        known = self._agents.of(call.tenant, call.agent)
        return Party(call.tenant, requester, call.agent, call.app, call.subject, *known, call.observing)

    def _values(self, call: Call) -> dict[str, Any]:
        now = self.tools.clock.now()
        return {
            "project": call.project, "model": call.model, "wire": call.wire, "tokens": len(call.body) // 4,
            "now": int(now), "hour": int(now // 3600 % 24), "weekday": int((now // 86_400 + 3) % 7),
            "data": sorted({*call.explanation.get("secrets", {}), *call.notes.get("data_classes", ())}),
        }  # fmt: skip


UNDECLARED = Declared()
