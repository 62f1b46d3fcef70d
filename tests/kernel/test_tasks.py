"""Background tasks are kept until they end, and their failure is told."""

from __future__ import annotations

import asyncio

import structlog.testing

from headgate.kernel.tasks import Tasks


async def test_a_task_is_kept_until_it_ends() -> None:
    tasks, gate = Tasks(), asyncio.Event()
    task = tasks.spawn(gate.wait(), name="waiting")
    assert len(tasks) == 1
    gate.set()
    await task
    await asyncio.sleep(0)
    assert len(tasks) == 0


async def test_cancel_all_ends_every_task() -> None:
    tasks = Tasks()
    spawned = [tasks.spawn(asyncio.Event().wait(), name=f"t{number}") for number in range(3)]
    await tasks.cancel_all(timeout_s=5)
    assert all(task.cancelled() for task in spawned)
    assert len(tasks) == 0


async def test_cancel_all_does_not_wait_for_ever() -> None:
    tasks, started, release = Tasks(), asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        started.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.spawn(stubborn(), name="stubborn")
    await started.wait()
    await tasks.cancel_all(timeout_s=0.01)
    assert not task.done()
    release.set()
    await task


async def test_a_failure_is_logged_with_the_name_of_the_task() -> None:
    async def fail() -> None:
        raise RuntimeError("the pump is dry")

    tasks = Tasks()
    with structlog.testing.capture_logs() as said:
        task = tasks.spawn(fail(), name="pump")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert [(line["event"], line["task"]) for line in said] == [("task.failed", "pump")]
    assert "the pump is dry" in said[0]["error"]
    assert len(tasks) == 0
