"""What some callers may use: a scope, and how it judges what is asked."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from headgate.modules.wildcards import Wildcards, spellings

EVERYTHING = ("*",)


class Scope(BaseModel):
    """What some callers may ask for. Every scope that is about a caller must allow the call."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    keys: tuple[str, ...] = Field(EVERYTHING, description="Ids of keys it is about, with * for any rest.")
    users: tuple[str, ...] = Field(
        EVERYTHING, description="Users it is about: subject, or the user of the key."
    )
    apps: tuple[str, ...] = Field(EVERYTHING, description="Apps it is about.")
    projects: tuple[str, ...] = Field(
        EVERYTHING, validation_alias=AliasChoices("projects", "project"), description="Projects it is about."
    )
    models: tuple[str, ...] = Field(
        EVERYTHING,
        validation_alias=AliasChoices("models", "allowed_models"),
        description="Models that may be asked for.",
    )
    deny_models: tuple[str, ...] = Field((), description="Models that may not, whatever `models` says.")
    endpoints: tuple[str, ...] = Field(
        EVERYTHING, description="Paths that may be called, such as /v1/embeddings."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_role(cls, value: Any) -> Any:
        """A role of the reference, `{name, allowed_models}`, is about the project of its name."""
        if isinstance(value, dict) and "name" in value:
            row = dict(cast("dict[str, Any]", value))
            row.setdefault("projects", [row.pop("name")])
            return row
        return cast(object, value)

    @field_validator("projects", mode="before")
    @classmethod
    def _one_project(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Asked(NamedTuple):
    """Who asks for what. `model` is the name that was asked for, `served` the model that would answer."""

    key: str
    user: str
    app: str
    project: str
    endpoint: str
    model: str
    served: str


class Verdict(NamedTuple):
    """What one scope says. `what` is refused, for `reason`; an empty reason allows."""

    scope: int
    what: str = ""
    reason: str = ""


ALLOWED = Verdict(-1)


class ReadyScope:
    """One scope with its patterns compiled."""

    def __init__(self, scope: Scope, number: int) -> None:
        self.number = number
        about = {"key": scope.keys, "user": scope.users, "app": scope.apps, "project": scope.projects}
        self.about = {name: Wildcards(given) for name, given in about.items() if given != EVERYTHING}
        self.models = Wildcards(scope.models) if scope.models != EVERYTHING else None
        self.denied = Wildcards(scope.deny_models)
        self.endpoints = Wildcards(scope.endpoints) if scope.endpoints != EVERYTHING else None

    def judge(self, asked: Asked) -> Verdict | None:
        """None: this scope is not about the caller."""
        if not all(patterns.match(getattr(asked, name)) is not None for name, patterns in self.about.items()):
            return None
        if self.endpoints is not None and self.endpoints.match(asked.endpoint) is None:
            return Verdict(
                self.number,
                "endpoint",
                f"{asked.endpoint} is not one of {', '.join(self.endpoints.patterns)}",
            )
        names = (*spellings(asked.model), *spellings(asked.served))
        if (pattern := self.denied.any(names)) is not None:
            return Verdict(self.number, "model", f"{self.denied.which(names)} is denied by {pattern}")
        if self.models is not None and self.models.any(names) is None:
            return Verdict(
                self.number, "model", f"{asked.model} is not one of {', '.join(self.models.patterns)}"
            )
        return Verdict(self.number)
