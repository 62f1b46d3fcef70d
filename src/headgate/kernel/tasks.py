"""Background tasks that are kept and whose failure is logged: the only place that creates one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from headgate.kernel.logging import get_log

log = get_log("tasks")


class Tasks:
    """A set of running tasks. `spawn` keeps a reference; `cancel_all` ends them and waits."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task.failed", task=task.get_name(), error=repr(error))

    async def cancel_all(self, *, timeout_s: float) -> None:
        """Cancel every task and wait at most `timeout_s` for them to end."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
