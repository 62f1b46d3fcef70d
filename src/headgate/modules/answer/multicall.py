"""Ask several models what one call asks, and give one answer: the first, the cheapest, or the one that most agree on."""

from __future__ import annotations

import asyncio
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.frames import Usage
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.call.ports import CallPort
from headgate.kernel.errors import ProviderError
from headgate.modules.branches import SPEAKING
from headgate.modules.fanout import Branch, Fanout
from headgate.modules.wildcards import Wildcards

Strategy = Literal["fastest", "cheapest", "longest", "shortest", "consensus"]


class Route(BaseModel):
    """Which calls are spread over which models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Calls for a model of this name are spread.")
    match: tuple[str, ...] = Field((), description="Calls for these models too, with * for any rest.")
    models: tuple[str, ...] = Field(
        min_length=1, max_length=10, description="The models that are asked; the first is the primary."
    )
    strategy: Strategy = Field(
        "fastest", description="fastest, cheapest (one after the other), longest, shortest or consensus."
    )
    timeout_s: float = Field(30.0, gt=0, le=600, description="How long all of it may take, in seconds.")
    threshold: float = Field(
        0.6, ge=0, le=1, description="consensus: from which similarity on two answers agree."
    )
    min_agree: int = Field(2, ge=1, le=10, description="consensus: how many must agree.")
    on_disagree: Literal["primary", "majority", "escalate", "block"] = Field(
        "majority", description="consensus: whose answer is given when they do not agree; block: none."
    )
    escalate_to: str = Field("", description="consensus: the model that is asked when they do not agree.")


class Config(ModuleConfig):
    enabled: bool = False
    routes: tuple[Route, ...] = Field((), max_length=100, description="The first route that fits is taken.")


class Multicall(Module[Config]):
    spec = Spec(
        "multicall",
        "routing",
        Phase.ANSWER,
        "Asks several models and gives the best answer.",
        ("consensus", "multi_call", "fanout"),
        waits=True,
        spreads=True,
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._routes = [(Wildcards((route.name, *route.match)), route) for route in config.routes]

    @override
    def must_wait(self, call: Call) -> bool:
        return call.wire in SPEAKING and not call.observing and self._route(call) is not None

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        route = self._route(call)
        assert route is not None
        hot = self.tools.hot
        fanout = Fanout(call, route, calls=cast(CallPort, hot["calls"]), prices=hot["prices"])
        try:
            async with asyncio.timeout(route.timeout_s):
                chosen, why = await fanout.ask()
        except TimeoutError:
            good = [branch for branch in fanout.branches if branch.good]
            if not good:
                raise ProviderError("No model answered in time.", models=list(route.models)) from None
            chosen, why = good[0], "the first that was there when time was up"
        call.notes["cache.store"] = False  # the branches keep their own answers
        asked = [
            {"model": each.model, "run": each.answer.run_id, "status": each.answer.status}
            for each in fanout.branches
        ]
        told = {"route": route.name, "strategy": route.strategy, "chosen": chosen.model, "why": why}
        call.explanation["multicall"] = {**told, "branches": asked}
        return _reply(chosen)

    def _route(self, call: Call) -> Route | None:
        return next((route for names, route in self._routes if names.match(call.model) is not None), None)


def _reply(branch: Branch) -> Reply:
    """The answer of a branch as that of the call. Its cost is the branch's own, so the call itself cost nothing."""
    if not branch.answer.headers:
        raise ProviderError("No model could be asked.", model=branch.model)
    reply = Reply(branch.answer.status, branch.answer.body)
    reply.model = branch.answer.headers.get("x-headgate-model", branch.model)
    reply.provider = branch.answer.headers.get("x-headgate-provider", "")
    reply.usage = Usage(known=True)
    if not branch.good:
        reply.error_code = "provider_error"
    return reply
