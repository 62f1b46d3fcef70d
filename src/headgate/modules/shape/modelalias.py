"""Give a model another name: the client asks for the alias, the provider gets the model."""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools

STAR = "*"
Row = dict[str, Any]


class Config(ModuleConfig):
    aliases: dict[str, str] = Field(
        default_factory=dict,
        description="Alias to model. An alias may end in `*` for any rest; a `*` at the end of the model stands for that rest.",
    )

    @field_validator("aliases", mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        """`[{"alias": ..., "model": ...}]` is understood too."""
        if not isinstance(value, list):
            return value
        rows = cast(list[Any], value)
        if not all(isinstance(row, dict) and {"alias", "model"} <= cast(Row, row).keys() for row in rows):
            raise ValueError("each row must have an `alias` and a `model`")
        return {row["alias"]: row["model"] for row in cast(list[Row], rows)}

    @field_validator("aliases")
    @classmethod
    def _sensible(cls, value: dict[str, str]) -> dict[str, str]:
        for alias, model in value.items():
            if not alias or not model or STAR in alias[:-1] or STAR in model[:-1]:
                raise ValueError(
                    f"{alias!r}: alias and model must not be empty, and * may only stand at the end"
                )
            if model.endswith(STAR) and not alias.endswith(STAR):
                raise ValueError(f"{alias!r}: the model has a * but the alias has none")
        return value


class ModelAlias(Module[Config]):
    spec = Spec(
        "modelalias",
        "routing",
        Phase.SHAPE,
        "Replaces the model name a client asks for by another one.",
        ("model_alias",),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._exact = {alias: model for alias, model in config.aliases.items() if not alias.endswith(STAR)}
        wild = [(alias[:-1], model) for alias, model in config.aliases.items() if alias.endswith(STAR)]
        self._wild = sorted(wild, key=lambda pair: -len(pair[0]))  # the longest beginning wins

    @override
    def on_request(self, call: Call) -> Reply | None:
        model = self.resolved(call.model)
        if model != call.model:
            call.explanation["alias"] = {"from": call.model, "to": model}
            call.model = model
        return None

    def resolved(self, name: str) -> str:
        """The model that `name` stands for."""
        model = self._exact.get(name)
        if model is None and self._wild:
            model = self._by_beginning(name)
        return name if model is None else model

    def _by_beginning(self, name: str) -> str | None:
        for beginning, model in self._wild:
            if name.startswith(beginning):
                return model[:-1] + name[len(beginning) :] if model.endswith(STAR) else model
        return None
