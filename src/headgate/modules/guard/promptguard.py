"""Keep personal data from going out to a provider, and look for prompts that try to take over the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.govern.guardrails.hot import (
    PERSONAL_KINDS,
    PROMPTGUARD,
    PersonalKind,
    Sensitivity,
    Verdict,
    Wanted,
    compiled_pattern,
    counted,
    look,
    mask_request,
    not_scanned,
    note_verdict,
    refuse,
    score,
)
from headgate.wire.texts import Text, read_request

TRUSTED = frozenset({"system", "assistant", "thinking", "tool_call"})


class PiiConfig(BaseModel):
    """What to do with personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["off", "flag", "redact", "restore", "block"] = Field(
        "redact",
        description="redact: a placeholder goes out. restore: likewise, and the answer gets the value back. flag, block, off.",
    )
    patterns: tuple[PersonalKind, ...] = Field(
        PERSONAL_KINDS, description=f"Which kinds: {', '.join(PERSONAL_KINDS)}."
    )
    custom: Mapping[str, str] = Field(
        {}, description="More kinds: a name and a pattern in RE2's words for each."
    )
    system: bool = Field(False, description="Read system texts too.")
    answers: Literal["off", "flag", "redact", "block"] = Field(
        "off", description="The same for what comes back."
    )

    @field_validator("custom")
    @classmethod
    def _usable(cls, custom: Mapping[str, str]) -> Mapping[str, str]:
        for name, pattern in custom.items():
            if not name.isidentifier() or not name.isascii():
                raise ValueError(f"{name!r} must be a word of letters, digits and underscores")
            compiled_pattern(pattern)
        return custom


class InjectionConfig(BaseModel):
    """What to do with prompts that look like injection: what the system and the model say is not read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    sensitivity: Sensitivity = Field(
        "medium", description="low: few and clear signs only. high: even one weak sign."
    )
    action: Literal["flag", "warn", "block"] = Field("warn", validation_alias=AliasChoices("action", "mode"))


class Config(ModuleConfig):
    enabled: bool = False
    pii: PiiConfig = Field(PiiConfig(), description="Personal data.")  # pyright: ignore[reportCallIssue] - every field has a default
    injection: InjectionConfig = Field(InjectionConfig(), description="Prompt injection.")  # pyright: ignore[reportCallIssue] - likewise


class PromptGuard(Module[Config]):
    spec = Spec(
        "promptguard",
        "safety",
        Phase.GUARD,
        "Redacts personal data, and scores prompts for injection, tool results included.",
        ("pii_redactor", "prompt_injection"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        own = {name.lower(): compiled_pattern(each) for name, each in config.pii.custom.items()}
        self._wanted = Wanted(config.pii.patterns, own, config.pii.system)
        answers = config.pii.answers
        self._for_answers: Any = None if answers == "off" else (self._wanted, answers)

    @override
    def on_request(self, call: Call) -> Reply | None:
        reading = read_request(call)
        if reading.unread:
            not_scanned(call, "promptguard", "request", reading.unread)
        if self.config.injection.enabled:
            self._look_for_injection(call, reading.texts)
        values = self._guard_personal(call, reading.texts) if self.config.pii.mode != "off" else None
        if values or self._for_answers:
            call.notes[PROMPTGUARD] = (values, self._for_answers)
        return None

    def _look_for_injection(self, call: Call, texts: tuple[Text, ...]) -> None:
        wish = self.config.injection
        scores = [score(text.text) for text in texts if text.role not in TRUSTED]
        worst = max(scores, key=lambda each: each.value, default=None)
        if worst is None or not worst.passes(wish.sensitivity):
            return
        call.explanation["injection"] = {"score": worst.value, "signs": list(worst.reasons)}
        action = (
            "log" if wish.action == "flag" or (call.observing and wish.action == "block") else wish.action
        )
        signs = ", ".join(worst.reasons)
        note_verdict(call, verdict := Verdict("promptguard", "injection", action, "request", signs))
        if wish.action == "warn":
            call.warn(f"promptguard: the request looks like prompt injection ({signs})")
        if wish.action == "block":
            refuse(verdict)

    def _guard_personal(self, call: Call, texts: tuple[Text, ...]) -> dict[str, str] | None:
        mode = self.config.pii.mode
        found = look(texts, self._wanted)
        if not found:
            return None
        kinds = counted(found)
        changes = mode in ("redact", "restore") and not call.observing
        action = "redact" if changes else "block" if mode == "block" and not call.observing else "log"
        verdict = Verdict("promptguard", "pii", action, "request", ", ".join(sorted(kinds)), kinds.total())
        note_verdict(call, verdict)
        if mode == "block":
            refuse(verdict)
        if not changes:
            return None
        values = mask_request(call, found)
        if mode == "redact":
            return None
        call.cache_wish, call.coalesce = "bypass", False  # an answer with a person's data is for nobody else
        return values
