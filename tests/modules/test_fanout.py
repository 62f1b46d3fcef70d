"""Whose answer is given: the first, the cheapest, the longest, or the one that most agree on; and what when they do not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from headgate.call.frames import Usage
from headgate.call.ports import Answer, Ask
from headgate.kernel.errors import RateLimited
from headgate.modules.fanout import Fanout, NoConsensus
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import make_call


@dataclass
class Plan:
    models: list[str]
    strategy: Any
    threshold: float = 0.6
    min_agree: int = 2
    on_disagree: Any = "majority"
    escalate_to: str = ""


class Models:
    """Models that say what they are told to say, after a while."""

    def __init__(self, **said: tuple[float, int, str]) -> None:
        self._said = said
        self.asked: list[str] = []
        self.ended: list[str] = []

    async def ask(self, ask: Ask) -> Answer:
        model = json.loads(ask.body)["model"]
        self.asked.append(model)
        delay_s, status, text = self._said[model]
        await asyncio.sleep(delay_s)
        self.ended.append(model)
        if status == 429:
            raise RateLimited("too many")
        body = {"choices": [{"message": {"role": "assistant", "content": text}}]}
        return Answer(status, json.dumps(body).encode(), {"x-punk-run-id": f"run_{model}"})


class Prices:
    async def resolve(self, model: str) -> None:
        return None

    def cost(self, provider: str, model: str, usage: Usage) -> int | None:
        return {"a": 30, "b": 10, "c": None}.get(model, 20)


async def chosen(clock: FixedClock, models: Models, plan: Plan) -> tuple[str, str, Fanout]:
    fanout = Fanout(make_call(clock=clock), plan, calls=models, prices=Prices())
    branch, why = await fanout.ask()
    return branch.model, why, fanout


@pytest.mark.asyncio
async def test_the_first_that_answers_well_wins_and_the_others_are_left(clock: FixedClock) -> None:
    models = Models(a=(5, 200, "late"), b=(0, 500, "no"), c=(0.02, 200, "here"))
    assert (await chosen(clock, models, Plan(["a", "b", "c"], "fastest")))[0] == "c"
    assert models.ended == ["b", "c"]


@pytest.mark.asyncio
async def test_the_cheapest_is_asked_first_and_the_next_when_it_fails(clock: FixedClock) -> None:
    models = Models(a=(0, 200, "x"), b=(0, 429, ""), c=(0, 200, "x"))
    assert (await chosen(clock, models, Plan(["c", "a", "b"], "cheapest")))[0] == "a"
    assert models.asked == ["b", "a"]


@pytest.mark.asyncio
async def test_the_longest_and_the_shortest(clock: FixedClock) -> None:
    models = Models(a=(0, 200, "xx"), b=(0, 200, "xxxx"), c=(0, 500, "xxxxxx"))
    assert (await chosen(clock, models, Plan(["a", "b", "c"], "longest")))[0] == "b"
    assert (await chosen(clock, models, Plan(["a", "b", "c"], "shortest")))[0] == "a"


@pytest.mark.asyncio
@pytest.mark.parametrize(("plan", "model", "why"), [
    (Plan(["a", "b", "c"], "consensus"), "b", "2 of 3 agree"),
    (Plan(["a", "b", "c"], "consensus", min_agree=3), "b", "only 2 of 3"),
    (Plan(["a", "b", "c"], "consensus", min_agree=3, on_disagree="primary"), "a", "the primary"),
    (Plan(["a", "b", "c"], "consensus", min_agree=3, on_disagree="escalate", escalate_to="d"), "d", "escalated"),
])  # fmt: skip
async def test_most_agree_or_not(clock: FixedClock, plan: Plan, model: str, why: str) -> None:
    models = Models(
        a=(0, 200, "red"), b=(0, 200, "it is blue"), c=(0, 200, "it is blue."), d=(0, 200, "blue")
    )
    found, reason, _ = await chosen(clock, models, plan)
    assert found == model and reason.startswith(why)


@pytest.mark.asyncio
async def test_no_agreement_can_mean_no_answer(clock: FixedClock) -> None:
    models = Models(a=(0, 200, "red"), b=(0, 200, "blue"))
    with pytest.raises(NoConsensus):
        await chosen(clock, models, Plan(["a", "b"], "consensus", on_disagree="block"))


@pytest.mark.asyncio
@pytest.mark.parametrize("strategy", ["fastest", "cheapest", "longest", "consensus"])
async def test_when_none_answers_the_first_failure_is_what_there_is(clock: FixedClock, strategy: str) -> None:
    models = Models(a=(0, 500, ""), b=(0, 500, ""))
    found, why, fanout = await chosen(clock, models, Plan(["a", "b"], strategy))
    assert why == "none answered" and len(fanout.branches) == 2 and found in "ab"
