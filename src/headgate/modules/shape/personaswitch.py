"""Give a project its persona: a system text, and how freely it speaks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.errors import BadRequest
from headgate.modules.bodies import set_temperature
from headgate.wire.conversation import set_system_text, system_text

HEADER = b"x-persona"


class Persona(BaseModel):
    """Who answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        min_length=1, max_length=100, description="Chosen by `X-Persona`, or by a project of this name."
    )
    projects: tuple[str, ...] = Field((), description="Other projects that have it.")
    system_prompt: str = Field(max_length=100_000, description="What the system says.")
    mode: Literal["prepend", "replace"] = Field(
        "prepend", description="prepend: before the caller's own system text. replace: instead of it."
    )
    temperature: float | None = Field(None, ge=0, le=2, description="Asked for when the caller names none.")


class Config(ModuleConfig):
    enabled: bool = False
    personas: tuple[Persona, ...] = Field((), max_length=500, description="The personas there are.")


class PersonaSwitch(Module[Config]):
    spec = Spec(
        "personaswitch",
        "transform",
        Phase.SHAPE,
        "Gives a project a system text and a temperature.",
        ("persona",),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._by_name = {persona.name: persona for persona in config.personas}
        self._by_project = {
            project: each for each in config.personas for project in (each.name, *each.projects)
        }

    @override
    def on_request(self, call: Call) -> Reply | None:
        asked = call.headers.get(HEADER, b"").decode("latin-1").strip()
        persona = self._by_name.get(asked) if asked else self._by_project.get(call.project)
        if persona is None:
            if asked:
                raise BadRequest(f"There is no persona {asked[:100]!r}.", param="X-Persona")
            return None
        before = system_text(call) if persona.mode == "prepend" else ""
        changed = set_system_text(
            call, f"{persona.system_prompt}\n\n{before}" if before else persona.system_prompt
        )
        if not changed:
            return None
        warmer = persona.temperature is not None and set_temperature(call, persona.temperature)
        call.explanation["persona"] = {"name": persona.name, "mode": persona.mode} | (
            {"temperature": persona.temperature} if warmer else {}
        )
        return None
