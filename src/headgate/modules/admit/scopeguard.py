"""What a key, app or project may ask for: models, providers and endpoints."""

from __future__ import annotations

from typing import Any, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.errors import Forbidden
from headgate.modules.wildcards import Wildcards

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


class Config(ModuleConfig):
    enabled: bool = False
    scopes: tuple[Scope, ...] = Field(
        (), validation_alias=AliasChoices("scopes", "roles"), max_length=1000,
        description="Who may ask for what. A caller that no scope is about may ask for everything.",
    )  # fmt: skip


class _Ready:
    """One scope with its patterns compiled."""

    def __init__(self, scope: Scope, number: int) -> None:
        self.number = number
        about = (("key", scope.keys), ("user", scope.users), ("app", scope.apps), ("project", scope.projects))
        self.about = [(name, Wildcards(given)) for name, given in about if given != EVERYTHING]
        self.models = Wildcards(scope.models) if scope.models != EVERYTHING else None
        self.denied = Wildcards(scope.deny_models) if scope.deny_models else None
        self.endpoints = Wildcards(scope.endpoints) if scope.endpoints != EVERYTHING else None

    def concerns(self, call: Call) -> bool:
        caller = call.caller
        who = {
            "key": caller.key_id or "",
            "user": call.subject or caller.user_id or "",
            "app": call.app,
            "project": call.project,
        }
        return all(patterns.match(who[name]) is not None for name, patterns in self.about)


class ScopeGuard(Module[Config]):
    spec = Spec(
        "scopeguard",
        "safety",
        Phase.ADMIT,
        "Limits which models and endpoints a key, user, app or project may use.",
        ("scopes", "authgate"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._scopes = [_Ready(scope, number) for number, scope in enumerate(config.scopes)]

    @override
    def on_request(self, call: Call) -> Reply | None:
        if call.role:  # its model was chosen by the operator's rules, after its parent was let in
            return None
        for scope in self._scopes:
            if scope.concerns(call):
                self._check(call, scope)
        return None

    def _check(self, call: Call, scope: _Ready) -> None:
        if scope.endpoints is not None and scope.endpoints.match(call.endpoint) is None:
            raise _refusal(
                scope, "endpoint", call.endpoint, f"not one of {', '.join(scope.endpoints.patterns)}"
            )
        model = call.view.model
        spelled = {model, model.partition(":")[2] or model, model.partition("/")[2] or model}
        if scope.denied is not None and (pattern := scope.denied.any(spelled)) is not None:
            raise _refusal(scope, "model", model, f"denied by {pattern}")
        if scope.models is not None and scope.models.any(spelled) is None:
            raise _refusal(scope, "model", model, f"not one of {', '.join(scope.models.patterns)}")


def _refusal(scope: _Ready, what: str, name: str, reason: str) -> Forbidden:
    return Forbidden(
        f"This caller may not use the {what} {name!r}: {reason}.",
        param=what,
        scope=scope.number,
        reason=reason,
    )
