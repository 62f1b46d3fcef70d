"""Small checks of an answer: is it JSON, how long is it, what must and must not stand in it. What fails is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import AskAgain, Module, ModuleConfig, Phase, Spec, Tools
from headgate.govern.guardrails.hot import compiled_pattern
from headgate.kernel import json
from headgate.wire.formats import unfenced
from headgate.wire.texts import reply_text, stream_texts

NAME, SEEN = "evalgate", "evalgate.answer"
Check = Callable[[str], bool]


class Validator(BaseModel):
    """One check. `value` is a length for min_length and max_length, a pattern for regex, a text for contains."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["json_parse", "not_empty", "min_length", "max_length", "regex", "contains", "not_contains"]
    value: int | str | None = Field(None, validation_alias=AliasChoices("value", "params"))
    action: Literal["retry", "warn", "log"] = Field(
        "retry", description="retry asks again, warn tells the client, log notes."
    )

    @model_validator(mode="after")
    def _usable(self) -> Validator:
        self.check()
        return self

    def check(self) -> Check:
        """What the text must pass. Raises ValueError when `value` does not fit."""
        name, value = self.name, self.value
        if name in ("min_length", "max_length"):
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} needs a length in `value`")
            return (
                (lambda text: len(text) >= value)
                if name == "min_length"
                else (lambda text: len(text) <= value)
            )
        if name in ("json_parse", "not_empty"):
            return _is_json if name == "json_parse" else (lambda text: bool(text.strip()))
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} needs a text in `value`")
        if name == "regex":
            pattern = compiled_pattern(value)
            return lambda text: pattern.search(text) is not None
        word = value.lower()
        return (
            (lambda text: word in text.lower())
            if name == "contains"
            else (lambda text: word not in text.lower())
        )


class Config(ModuleConfig):
    enabled: bool = False
    validators: tuple[Validator, ...] = Field((), description="The checks, in order.")
    retry_budget: int = Field(2, ge=0, le=3, description="How often a model is asked again.")


class EvalGate(Module[Config]):
    spec = Spec(
        NAME, "validate", Phase.INSPECT, "Checks answers with small rules and asks again when one fails."
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._checks = [(each, each.check()) for each in config.validators]

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        call.notes[SEEN] = True
        if reply.status == 200 and not reply.tool_calls:
            failed = self._failed(reply_text(call, reply))
            again = [each for each in failed if each.action == "retry"]
            if again and call.notes.get("asks", 0) < self.config.retry_budget:
                raise AskAgain(
                    f"Your answer failed these checks: {_names(again)}. Answer again so that it passes them."
                )
            self._tell(call, failed)

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        """A stream can't be asked for again: it is checked at its end, and what failed is noted."""
        if call.view.stream and SEEN not in call.notes and reply.body:
            said = [text for role, text in stream_texts(call.wire, reply.body) if role == "assistant"]
            self._tell(call, self._failed(said[0] if said else ""))

    def _failed(self, text: str) -> list[Validator]:
        return [each for each, check in self._checks if not check(text)]

    def _tell(self, call: Call, failed: list[Validator]) -> None:
        if failed:
            call.explanation[NAME] = {
                "failed": [each.name for each in failed],
                "asks": call.explanation.get("asked_again", 0),
            }
            if told := [each for each in failed if each.action != "log"]:
                call.warn(f"{NAME}: the answer failed {_names(told)}")


def _names(validators: list[Validator]) -> str:
    return ", ".join(each.name if each.value is None else f"{each.name} {each.value}" for each in validators)


def _is_json(text: str) -> bool:
    try:
        cast(Any, json.decode)(unfenced(text))
    except ValueError:
        return False
    return True
