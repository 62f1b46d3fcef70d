"""Look for toxic words in answers, and if asked in requests. A list of words, no judgement of meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.govern.guardrails.hot import (
    TOXIC,
    RuleAction,
    compiled_pattern,
    judge_reply,
    judge_request,
    judge_stream,
    judge_streamed,
    rule_set,
)

NAME, SEEN = "toxicfilter", "toxicfilter.answer"
Deed = Literal["warn", "redact", "block"]
Wish = Literal["off", "flag", "redact", "block"]
ACTIONS: Mapping[str, Deed] = {
    "flag": "warn",
    "redact": "redact",
    "block": "block",
}
DEFAULTS: Mapping[str, Wish] = {
    "harmful": "block", "hate_speech": "block", "self_harm": "block", "violence": "flag", "profanity": "flag", "sexual": "redact",
}  # fmt: skip


class Config(ModuleConfig):
    enabled: bool = False
    categories: Mapping[str, Wish] = Field(
        DEFAULTS, description="What is done for each category: off, flag, redact or block."
    )
    custom: Mapping[str, str] = Field(
        {}, description="More categories: a name and a pattern in RE2's words for each."
    )
    action: Wish = Field("flag", description="What is done for a category that `categories` does not name.")
    scan_input: bool = Field(False, description="Read requests too.")
    scan_output: bool = Field(True, description="Read answers.")
    window: int = Field(200, ge=1, le=100_000, description="How many characters of a stream are held back.")

    @field_validator("custom")
    @classmethod
    def _usable(cls, custom: Mapping[str, str]) -> Mapping[str, str]:
        for pattern in custom.values():
            compiled_pattern(pattern)
        return custom

    @field_validator("categories")
    @classmethod
    def _complete(cls, given: Mapping[str, Wish]) -> Mapping[str, Wish]:
        return {**DEFAULTS, **given}


class ToxicFilter(Module[Config]):
    spec = Spec(
        NAME,
        "safety",
        Phase.GUARD,
        "Finds toxic words in answers and requests, whole or streamed.",
        ("content_filter", "toxicity_filter"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        wishes: dict[str, Wish] = {
            name: config.categories.get(name, config.action) for name in (*TOXIC, *config.custom)
        }
        patterns = {**TOXIC, **config.custom}
        chosen: dict[str, tuple[str, RuleAction]] = {
            name: (patterns[name], ACTIONS[wish]) for name, wish in wishes.items() if wish != "off"
        }
        self._rules = rule_set(chosen, "toxic")

    @override
    def on_request(self, call: Call) -> Reply | None:
        if self.config.scan_input:
            judge_request(call, self._rules, module=NAME)
        return None

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        call.notes[SEEN] = True
        if self.config.scan_output:
            judge_reply(call, reply, self._rules, module=NAME)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        if not self.config.scan_output:
            return None
        judge = judge_stream(call, self._rules, self.config.window)
        call.notes[SEEN] = judge is not None
        return judge

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if self.config.scan_output and call.view.stream and not call.notes.get(SEEN):
            judge_streamed(call, reply, self._rules)
