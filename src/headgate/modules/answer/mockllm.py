"""Answer from fixtures, for tests of an application: a text, an error or a delay, chosen by what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.errors import GatewayError
from headgate.modules.canned import canned_reply
from headgate.modules.wildcards import Wildcards, safe_pattern
from headgate.wire.texts import request_texts

CHOSEN = "mockllm.fixture"


class FixtureError(GatewayError):
    """The error that a fixture of the module mockllm asks for."""

    code = "mock_error"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status  # pyright: ignore[reportAttributeAccessIssue] - each fixture says its own


class Fixture(BaseModel):
    """What is said when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", max_length=100, description="How the run calls it.")
    match_type: Literal["exact", "contains", "regex", "any"] = Field(
        "any", description="How `pattern` is held against the last user text."
    )
    pattern: str = Field("", max_length=10_000, description="What is looked for.")
    model: str = Field("*", description="Only for this model, with * for any rest.")
    response: str = Field("", max_length=1_000_000, description="The text of the answer.")
    delay_ms: int = Field(0, ge=0, le=600_000, description="How long it takes.")
    error_code: int = Field(0, ge=0, le=599, description="Answer with this HTTP status instead; 0: no error.")
    error_message: str = Field("This is a mock error.", max_length=1000, description="What the error says.")

    @model_validator(mode="after")
    def _sensible(self) -> Fixture:
        if self.match_type == "regex":
            safe_pattern(self.pattern)
        if self.error_code and self.error_code < 400:
            raise ValueError("an error has a status from 400 on")
        return self


class Config(ModuleConfig):
    enabled: bool = False
    fixtures: tuple[Fixture, ...] = Field((), max_length=1000, description="The first that fits answers.")
    default_response: str = Field(
        "This is a mock answer.", description="Said when no fixture fits and `passthrough` is false."
    )
    passthrough: bool = Field(True, description="Calls that no fixture fits go on to a model.")


class MockLlm(Module[Config]):
    # an answer of the mock must never be replaced by a paid one because something broke
    spec = Spec(
        "mockllm", "routing", Phase.ANSWER, "Answers from fixtures, without a model.", ("mock", "ghost"),
        stance=Stance.BLOCK, waits=True,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._fixtures = [(Wildcards((each.model,)), _test(each), each) for each in config.fixtures]
        self._default = Fixture.model_validate({"name": "default", "response": config.default_response})
        self._now = tools.clock.now

    @override
    def on_request(self, call: Call) -> Reply | None:
        fixture = self._choose(call)
        if fixture is None:
            return None
        call.explanation["mockllm"] = fixture.name or fixture.pattern or "any"
        if fixture.delay_ms:
            call.notes[CHOSEN] = fixture
            return None
        return self._play(call, fixture)

    @override
    def must_wait(self, call: Call) -> bool:
        return CHOSEN in call.notes

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        fixture = cast(Fixture, call.notes.pop(CHOSEN))
        await asyncio.sleep(fixture.delay_ms / 1000)
        return self._play(call, fixture)

    def _choose(self, call: Call) -> Fixture | None:
        text = next((each.text for each in reversed(request_texts(call)) if each.role == "user"), "")
        for models, fits, fixture in self._fixtures:
            if fits(text) and models.match(call.model) is not None:
                return fixture
        return None if self.config.passthrough else self._default

    def _play(self, call: Call, fixture: Fixture) -> Reply | None:
        if fixture.error_code:
            raise FixtureError(fixture.error_message, fixture.error_code)
        return canned_reply(call, fixture.response, created_s=int(self._now()))


def _test(fixture: Fixture) -> Callable[[str], bool]:
    wanted = fixture.pattern
    if fixture.match_type == "regex":
        shape: Any = safe_pattern(wanted)
        return lambda text: shape.search(text) is not None
    if fixture.match_type == "contains":
        return lambda text: wanted.lower() in text.lower()
    return (lambda text: text == wanted) if fixture.match_type == "exact" else (lambda _text: True)
