"""One call becomes several runs under it, and one answer; what they cost is counted once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, spoken, switch, told

TEAM = {"name": "team", "models": ["gpt-4o-mini", "gpt-4o"], "strategy": "consensus", "threshold": 0.01}


@pytest.mark.parametrize("how", BOTH)
async def test_several_models_are_asked_and_one_answer_is_given(
    running: Running, how: dict[str, Any]
) -> None:
    await switch(running, "consensus", routes=[TEAM])
    answer = await say(running, "how are you", model="team", **how)
    assert answer.status == 200 and "mock answer" in spoken(answer)
    explained = await told(running, answer, "multicall")
    assert {each["model"] for each in explained["branches"]} == {
        "gpt-4o-mini",
        "gpt-4o",
    } and "agree" in explained["why"]
    run = await run_of(running, answer)
    branches = [await running.run(each["run"]) for each in explained["branches"]]
    assert run["costUsd"] == 0 and all(
        each["parentRun"] == answer.run_id and each["costUsd"] > 0 for each in branches
    )
    assert len(await running.runs()) == 3, "and nothing else was asked"
    assert (await say(running, **how)).headers["x-headgate-model"] == "gpt-4o-mini"


async def test_a_stream_is_a_stream(running: Running) -> None:
    await switch(running, "multicall", routes=[TEAM | {"strategy": "longest"}])
    answer = await say(running, model="team", stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream") and answer.body.endswith(
        b"data: [DONE]\n\n"
    )


async def test_what_was_shaped_is_not_shaped_again(running: Running) -> None:
    await switch(running, "promptchain", blocks={"x": "once {{x}}"})
    await switch(running, "multicall", routes=[TEAM])
    answer = await say(running, "{{x}}", model="team")
    for each in (await told(running, answer, "multicall"))["branches"]:
        assert (await running.run(each["run"]))["request"]["messages"][0]["content"] == "once {{x}}"


async def test_a_refusal_of_all_is_the_answer(running: Running) -> None:
    await switch(running, "multicall", routes=[TEAM])
    await switch(running, "modelrate", limits=[{"per": "model", "rate": 1}])
    assert (await say(running, "one", model="team")).status == 200
    answer = await say(running, "two", model="team")
    assert answer.status == 429 and answer.json["error"]["code"] == "rate_limited"
