"""A conversation is cut to its model's window as the strategy says; what must stay stays, and the run says what went."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.modules.shape.tokentrim import choose, grouped
from headgate.wire.conversation import Message
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, sent, switch, told


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [
        ("tail", {0, 4, 5}),
        ("head", {0, 1, 5}),
        ("middle-out", {0, 4, 5}),
    ],
)
def test_the_strategy_says_which_stay(strategy: Any, kept: set[int]) -> None:
    assert choose([1] * 6, {0, 5}, 3, strategy) == kept


def test_from_both_ends_towards_the_middle() -> None:
    assert choose([1] * 7, {0, 6}, 4, "middle-out") == {0, 1, 5, 6}


def test_a_tools_answer_stays_with_its_call() -> None:
    said = [
        Message("user", "", b""),
        Message("assistant", "", b"", frozenset({"c1", "c2"})),
        Message("tool", "", b"", frozenset({"c1"})),
        Message("tool", "", b"", frozenset({"c2"})),
        Message("user", "", b""),
    ]
    assert grouped(said) == [[0], [1, 2, 3], [4]]


def talk(turns: int) -> list[dict[str, str]]:
    said = [
        {"role": "user" if n % 2 == 0 else "assistant", "content": f"turn {n} " + "x" * 400}
        for n in range(turns)
    ]
    return [{"role": "system", "content": "be brief"}, *said]


@pytest.mark.parametrize("how", BOTH)
async def test_what_does_not_fit_is_left_out(running: Running, how: dict[str, Any]) -> None:
    window = {"gpt-4o-m*": {"max_context": 500, "strategy": "tail"}}
    await switch(running, "tokentrim", models=window, safety_margin=50, answer_tokens=50)
    answer = await say(running, messages=talk(9), **how)
    said = (await sent(running, answer))["messages"]
    assert said[0]["content"] == "be brief" and [each["content"][:6] for each in said[1:]] == [
        "turn 6",
        "turn 7",
        "turn 8",
    ]
    explained = await told(running, answer, "tokentrim")
    assert explained["messagesLeftOut"] == [1, 2, 3, 4, 5, 6] and explained["strategy"] == "tail"
    assert "left 6 messages out" in (await run_of(running, answer))["warnings"][0]


async def test_what_fits_is_not_touched(running: Running) -> None:
    await switch(running, "tokentrim")
    body = await sent(running, await say(running, messages=talk(9)))
    assert len(body["messages"]) == 10
