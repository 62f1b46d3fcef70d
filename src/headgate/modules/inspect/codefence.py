"""Look for dangerous code in answers and in the tool calls of a model: shells, remote scripts, miners, destroyed tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import AliasChoices, Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.govern.guardrails.hot import (
    CODE,
    compiled_pattern,
    judge_reply,
    judge_stream,
    judge_streamed,
    rule_set,
)

NAME, SEEN = "codefence", "codefence.answer"
Wish = Literal["flag", "redact", "block"]


class Config(ModuleConfig):
    enabled: bool = False
    action: Wish = Field(
        "flag", description="flag: a warning. redact: take the code out. block: refuse the answer."
    )
    kinds: tuple[str, ...] = Field(tuple(CODE), description=f"What is looked for: {', '.join(CODE)}.")
    patterns: Mapping[str, str] = Field(
        {},
        validation_alias=AliasChoices("patterns", "forbidden_patterns"),
        description="More of it: a name and a pattern in RE2's words for each.",
    )
    window: int = Field(400, ge=1, le=100_000, description="How many characters of a stream are held back.")

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        if not set(kinds) <= set(CODE):
            raise ValueError(f"known are {', '.join(CODE)}")
        return kinds

    @field_validator("patterns")
    @classmethod
    def _usable(cls, patterns: Mapping[str, str]) -> Mapping[str, str]:
        for pattern in patterns.values():
            compiled_pattern(pattern)
        return patterns


class CodeFence(Module[Config]):
    spec = Spec(
        NAME, "safety", Phase.INSPECT, "Finds dangerous code in answers and tool calls, whole or streamed."
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        patterns = {name: CODE[name] for name in config.kinds} | dict(config.patterns)
        action: Literal["warn", "redact", "block"] = "warn" if config.action == "flag" else config.action
        self._rules = rule_set({name: (pattern, action) for name, pattern in patterns.items()}, "code")

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        call.notes[SEEN] = True
        judge_reply(call, reply, self._rules, module=NAME)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        judge = judge_stream(call, self._rules, self.config.window)
        call.notes[SEEN] = judge is not None
        return judge

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if call.view.stream and not call.notes.get(SEEN):
            judge_streamed(call, reply, self._rules)
