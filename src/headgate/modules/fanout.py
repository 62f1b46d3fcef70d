"""Asking several models: the first that answers, the cheapest, the longest, or the one that most agree with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

from headgate.call.call import Call, Reply
from headgate.call.frames import Usage
from headgate.call.ports import Answer, CallPort
from headgate.kernel.errors import GatewayError, ProviderError
from headgate.kernel.tasks import Tasks
from headgate.modules.agreement import camps
from headgate.modules.branches import ask_of
from headgate.modules.limits import BYTES_PER_TOKEN, max_output
from headgate.wire.texts import reply_text


class Plan(Protocol):
    """Whom to ask and whose answer to give."""

    @property
    def models(self) -> Sequence[str]: ...
    @property
    def strategy(self) -> Literal["fastest", "cheapest", "longest", "shortest", "consensus"]: ...
    @property
    def threshold(self) -> float: ...
    @property
    def min_agree(self) -> int: ...
    @property
    def on_disagree(self) -> Literal["primary", "majority", "escalate", "block"]: ...
    @property
    def escalate_to(self) -> str: ...


class Branch(NamedTuple):
    """What came of asking one model."""

    model: str
    answer: Answer
    text: str

    @property
    def good(self) -> bool:
        return self.answer.status == 200


class NoConsensus(ProviderError):
    """The models did not agree, and the route says that then there is no answer."""

    code = "no_consensus"


Chosen = tuple[Branch, str]  # the answer to give, and why this one


class Fanout:
    """One call on its way to several models. `branches` is what came back so far."""

    def __init__(self, call: Call, plan: Plan, *, calls: CallPort, prices: Any) -> None:
        self._call = call
        self._plan = plan
        self._calls = calls
        self._prices = prices
        self.branches: list[Branch] = []

    async def ask(self) -> Chosen:
        """Ask as the plan says. Raises NoConsensus."""
        route = self._plan
        if route.strategy == "cheapest":
            for model in await self._by_price(route.models):
                if (branch := await self._ask(model)).good:
                    return branch, "the cheapest that answered"
            return self.branches[0], "none answered"
        if route.strategy == "fastest":
            return await self._first(route.models)
        found = await asyncio.gather(*(self._ask(model) for model in route.models))
        good = [branch for branch in found if branch.good]
        if not good:
            return found[0], "none answered"
        if route.strategy == "consensus":
            return await self._agreed(good)
        pick = max if route.strategy == "longest" else min
        return pick(good, key=lambda branch: len(branch.text)), f"the {route.strategy}"

    async def _first(self, models: Sequence[str]) -> Chosen:
        running = Tasks()
        waiting = {running.spawn(self._ask(model), name="multicall") for model in models}
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                good = next((task.result() for task in done if task.result().good), None)
                if good is not None:
                    return good, "the first that answered"
            return self.branches[0], "none answered"
        finally:
            await running.cancel_all(timeout_s=1.0)

    async def _agreed(self, good: list[Branch]) -> Chosen:
        route = self._plan
        camp = camps([branch.text for branch in good], route.threshold)[0]
        if len(camp) >= min(route.min_agree, len(route.models)):
            return good[camp[0]], f"{len(camp)} of {len(route.models)} agree"
        if route.on_disagree == "block":
            raise NoConsensus("The models do not agree.", models=[branch.model for branch in good])
        if route.on_disagree == "escalate" and route.escalate_to:
            higher = await self._ask(route.escalate_to)
            if higher.good:
                return higher, "escalated, for they did not agree"
        if route.on_disagree == "majority":
            return good[camp[0]], f"only {len(camp)} of {len(route.models)} agree"
        return good[0], "the primary, for they did not agree"

    async def _ask(self, model: str) -> Branch:
        """Ask one model; what it refuses is an answer too."""
        try:
            answer = await self._calls.ask(ask_of(self._call, model, "branch"))
        except GatewayError as error:
            answer = Answer(error.status, error.message.encode(), {})
        text = reply_text(self._call, Reply(200, answer.body)) if answer.status == 200 else ""
        self.branches.append(Branch(model, answer, text))
        return self.branches[-1]

    async def _by_price(self, models: Sequence[str]) -> list[str]:
        """The cheapest first; a model whose price nobody knows comes last."""
        usage = Usage(len(self._call.body) // BYTES_PER_TOKEN, max_output(self._call, 500), known=True)
        costs: dict[str, float] = {}
        for model in models:
            await self._prices.resolve(model)
            cost = self._prices.cost("", model, usage)
            costs[model] = float("inf") if cost is None else cost
        return sorted(models, key=lambda model: costs[model])
