"""Fill in a prompt template that the caller names in `X-Template`."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.modules.callers import Sticky, share
from headgate.modules.templates import holes, render
from headgate.wire.conversation import set_system_text
from headgate.wire.texts import Text, request_texts, rewrite_request

NAME, VALUES = b"x-template", b"x-template-vars"
INPUT = "input"


class Variant(BaseModel):
    """Another text of a template, for a share of the callers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="How the run calls it.")
    weight: float = Field(
        1.0, ge=0, le=1_000_000, description="Its share; the template itself has the share 1."
    )
    override: str = Field(max_length=100_000, description="The text that is filled in instead.")


class Template(BaseModel):
    """A text with `{{names}}` in it. `{{input}}` is what the user said last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="The value of `X-Template`.")
    version: str = Field(
        "1", max_length=50, description="Shown on the run; `X-Template: name@version` asks for it."
    )
    template: str = Field(max_length=100_000, description="The text.")
    role: Literal["user", "system"] = Field(
        "user", description="user: it takes the place of the last user text. system: of the system text."
    )
    variants: tuple[Variant, ...] = Field((), max_length=20, description="Other texts, by weight.")


class Config(ModuleConfig):
    enabled: bool = False
    templates: tuple[Template, ...] = Field((), max_length=500, description="The templates there are.")
    max_chars: int = Field(100_000, ge=1, le=1_000_000, description="A filled-in template may be so long.")
    sticky: Sticky = Field("user", description="Who keeps his variant: user, session, or nobody (call).")


class PromptPad(Module[Config]):
    spec = Spec(
        "promptpad",
        "transform",
        Phase.SHAPE,
        "Fills in the prompt template that `X-Template` names.",
        ("prompt_template",),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._templates = {each.name: each for each in config.templates}
        self._templates |= {f"{each.name}@{each.version}": each for each in config.templates}

    @override
    def on_request(self, call: Call) -> Reply | None:
        if NAME not in call.headers:
            return None
        asked = call.headers[NAME].decode("latin-1").strip()
        template = self._templates.get(asked)
        if template is None:
            raise BadRequest(f"There is no template {asked[:100]!r}.", param="X-Template")
        variant, text = self._variant(call, template)
        said = next((each for each in reversed(request_texts(call)) if each.role == "user"), None)
        values = {INPUT: said.text if said is not None else ""} | _given(call)
        missing = [name for name in holes(text) if name not in values]
        if missing:
            raise BadRequest(
                f"The template {template.name!r} needs {', '.join(missing)} in X-Template-Vars.",
                param="X-Template-Vars",
            )
        self._put(call, template, render(text, values, max_chars=self.config.max_chars), said)
        told = {"name": template.name, "version": template.version, "variant": variant}
        call.explanation["template"] = told
        call.notes.setdefault("metadata", {})["template"] = told
        call.notes["prompt.version"] = f"{template.name}@{template.version}/{variant}"
        return None

    def _variant(self, call: Call, template: Template) -> tuple[str, str]:
        at = share(call, template.name, self.config.sticky) * (
            1 + sum(each.weight for each in template.variants)
        )
        for variant in template.variants:
            at -= variant.weight
            if at < 0:
                return variant.name, variant.override
        return "", template.template

    def _put(self, call: Call, template: Template, text: str, said: Text | None) -> None:
        if template.role == "system":
            set_system_text(call, text)
        elif said is not None:
            rewrite_request(call, {said.path: text})


def _given(call: Call) -> dict[str, str]:
    """The values of `X-Template-Vars`, a JSON object of texts and numbers."""
    header = call.headers.get(VALUES)
    if not header:
        return {}
    try:
        given: Any = json.decode(header)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(
        isinstance(v, str | int | float) for v in cast("dict[str, Any]", given).values()
    ):
        raise BadRequest(
            "X-Template-Vars must be a JSON object of texts and numbers.", param="X-Template-Vars"
        )
    return {name: str(value) for name, value in cast("dict[str, Any]", given).items()}
