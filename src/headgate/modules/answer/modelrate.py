"""Limit how much is asked of a model or a provider. Runs last before dispatch: a free answer takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, cast

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.tasks import Tasks
from headgate.modules.limiter import Limiter
from headgate.modules.limits import Limit, Rule
from headgate.store.fast import FastStore

REMOTE_WAIT_S = 0.05
HELD = "modelrate.held"


class ModelLimit(Limit):
    """A rate for each model or provider."""

    per: Literal["model", "provider"] = Field("model", description="What is counted: model or provider.")


class Config(ModuleConfig):
    enabled: bool = False
    limits: tuple[ModelLimit, ...] = Field(
        (), max_length=50, description="Limits of requests or tokens, per model or provider."
    )


class ModelRate(Module[Config]):
    spec = Spec(
        "modelrate", "safety", Phase.ANSWER, "Limits calls and tokens a minute of each model and provider.",
        ("model_rate", "providerlimit"), stance=Stance.BLOCK, waits=True,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._fast = cast(FastStore, tools.fast)
        names: dict[str, Callable[[Call], str]] = {
            "model": lambda call: call.model,
            "provider": self._provider,
        }
        self.may_wait = self._fast.is_remote
        rules = [
            Rule(limit, f"model:{number}:{limit.what}:{limit.per}", names[limit.per])
            for number, limit in enumerate(config.limits)
        ]
        self._limiter = Limiter(rules, self._fast, tools.clock.now, HELD)

    @override
    def on_request(self, call: Call) -> Reply | None:
        if not self.may_wait:
            self._limiter.take(call)
        return None

    @override
    def must_wait(self, call: Call) -> bool:
        return self.may_wait

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        async with asyncio.timeout(REMOTE_WAIT_S):
            await self._limiter.take_wait(call)
        return None

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if HELD not in call.notes:
            return
        if not self.may_wait:
            self._limiter.settle(call, reply)
        elif corrections := self._limiter.corrections(call, reply):
            tasks = cast(Tasks, self.tools.hot["tasks"])
            tasks.spawn(self._limiter.settle_wait(corrections), name="modelrate.settle")

    def _provider(self, call: Call) -> str:
        """The provider that dispatch would ask first."""
        targets: tuple[tuple[str, str], ...] = call.notes.get("targets", ())
        if targets and targets[0][0]:
            return targets[0][0]
        find = cast("Callable[[Call], str] | None", self.tools.hot.get("provider_of"))
        return "" if find is None else find(call)
