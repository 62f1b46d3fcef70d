"""A sample of calls is asked of the shadow too, beside them and as runs of its own; more than fits is left out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.kernel.tasks import Tasks
from headgate.modules.inspect.mirrortest import Config, MirrorTest
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, switch, told
from tests.record.cache.calls import live_reply, make_call


async def children(running: Running, parent: str) -> list[dict[str, Any]]:
    for _ in range(100):
        found = [run for run in await running.runs() if run["parentRun"] == parent]
        if found:
            return found
        await asyncio.sleep(0.02)
    return []


@pytest.mark.parametrize("how", BOTH)
async def test_a_shadow_is_a_run_of_its_own(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "shadow", shadow_model="gpt-4o", sample_rate=1)
    answer = await say(running, "hello shadow", **how)
    assert answer.headers["x-headgate-model"] == "gpt-4o-mini" and await told(running, answer, "mirror") == {
        "model": "gpt-4o"
    }
    (child,) = await children(running, answer.run_id)
    assert (child["model"], child["status"]) == ("gpt-4o", "completed")
    body = (await running.run(child["id"]))["request"]
    assert body["messages"][0]["content"] == "hello shadow" and "stream" not in body
    assert len(await running.runs()) == 2, "a shadow has no shadow"


async def test_only_what_was_sampled(running: Running) -> None:
    await switch(running, "mirrortest", shadow_model="gpt-4o", sample_rate=0)
    assert await told(running, await say(running), "mirror") is None
    await switch(running, "mirrortest", shadow_model="gpt-4o", sample_rate=1, models=["other"])
    assert await told(running, await say(running), "mirror") is None


@pytest.mark.asyncio
async def test_no_more_than_fit_at_a_time(clock: FixedClock) -> None:
    class Never:
        async def ask(self, ask: Any) -> Any:
            await asyncio.sleep(60)

    tasks = Tasks()
    config = Config.model_validate({"shadow_model": "x", "sample_rate": 1, "max_in_flight": 2})
    module = MirrorTest(config, Tools(clock, MemoryStore(), {"tasks": tasks, "calls": Never()}))
    calls = [make_call(clock=clock) for _ in range(3)]
    for call in calls:
        module.on_done(call, live_reply())
    assert len(tasks) == 2 and calls[2].explanation["mirror"]["left_out"]
    await tasks.cancel_all(timeout_s=1)
