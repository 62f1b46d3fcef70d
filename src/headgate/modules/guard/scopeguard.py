"""What a key, user, app or project may use: models and endpoints.

Judged after the call was shaped: an alias neither opens what is denied nor closes what is allowed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.call.policy import Named
from headgate.kernel.errors import Forbidden
from headgate.modules.scopes import ALLOWED, Asked, ReadyScope, Scope, Verdict

MAX_KNOWN = 4096


class Config(ModuleConfig):
    enabled: bool = False
    scopes: tuple[Scope, ...] = Field(
        (), validation_alias=AliasChoices("scopes", "roles"), max_length=1000,
        description="Who may ask for what. A caller that no scope is about may ask for everything.",
    )  # fmt: skip


class ScopeGuard(Module[Config]):
    spec = Spec(
        "scopeguard",
        "safety",
        Phase.GUARD,
        "Limits which models and endpoints a key, user, app or project may use.",
        ("scopes", "authgate"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._known: dict[Asked, Verdict] = {}
        self._scopes = [ReadyScope(scope, number) for number, scope in enumerate(config.scopes)]

    @override
    def on_request(self, call: Call) -> Reply | None:
        caller = call.caller
        asked = Asked(
            caller.key_id or "", call.subject or caller.user_id or "", call.app, call.project, call.endpoint, call.view.model,
            call.model,
        )  # fmt: skip
        self._raise(self._verdict(asked))
        if (targets := call.notes.get("targets")) is not None:
            self._narrow(call, asked, targets)
        return None

    def _verdict(self, asked: Asked) -> Verdict:
        verdict = self._known.get(asked)
        if verdict is None:
            verdict = next((each for each in self.judge(asked) if each.reason), ALLOWED)
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[asked] = verdict
        return verdict

    def _raise(self, verdict: Verdict) -> None:
        if verdict.reason:
            raise Forbidden(
                f"This caller may not use this {verdict.what}: {verdict.reason}.", param=verdict.what, scope=verdict.scope,
                reason=verdict.reason,
            )  # fmt: skip

    def _narrow(self, call: Call, asked: Asked, targets: Sequence[Named]) -> None:
        """Leave out the targets whose model the caller could not ask for by itself: a way out opens nothing."""
        allowed: list[Named] = []
        refused = ALLOWED
        for target in targets:
            model = target[1]
            own = model in ("", call.model)  # judged already, under the name it was asked for
            verdict = ALLOWED if own else self._verdict(asked._replace(model=model, served=model))
            if verdict.reason:
                refused = verdict
                call.warn(f"the target {model} was left out: {verdict.reason}")
            else:
                allowed.append(target)
        if not allowed:
            self._raise(refused)
        call.notes["targets"] = tuple(allowed)

    def judge(self, asked: Asked) -> list[Verdict]:
        """What every scope that is about the caller says."""
        return [verdict for scope in self._scopes if (verdict := scope.judge(asked)) is not None]
