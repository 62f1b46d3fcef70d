"""The loop's lateness: a blocked loop is seen, and a reset forgets it."""

from __future__ import annotations

import asyncio
import time

from headgate.gateway.lag import INTERVAL_S, LoopWatch


async def test_a_loop_that_was_held_up_is_seen_and_forgotten_on_reset() -> None:
    watch = LoopWatch()
    task = asyncio.ensure_future(watch.run())
    await asyncio.sleep(0)
    time.sleep(INTERVAL_S + 0.06)  # noqa: ASYNC251 - what is to be seen
    while not watch.stats().looks:
        await asyncio.sleep(0.001)
    seen = watch.stats()
    watch.reset()
    task.cancel()

    assert seen.max_ms >= 50
    assert seen.later_than_ms["1"] >= seen.later_than_ms["50"] == 1
    assert (watch.stats().max_ms, watch.stats().looks) == (0.0, 0)


async def test_it_tells_how_many_tasks_there_are() -> None:
    watch = LoopWatch()
    assert watch.stats().tasks == 0
    tasks = [asyncio.ensure_future(watch.run())]
    await asyncio.sleep(0)
    before = watch.stats().tasks
    tasks += [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(3)]

    assert watch.stats().tasks == before + 3
    for task in tasks:
        task.cancel()
