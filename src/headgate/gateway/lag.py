"""How late the event loop is: a small periodic task that is due at known times and looks at the clock when it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

INTERVAL_S = 0.02
STEPS_MS = (1.0, 2.0, 5.0, 10.0, 50.0)


@dataclass(frozen=True, slots=True)
class LagStats:
    """Since the start: how many looks, how many of them were later than each step (milliseconds), and the latest.
    `tasks` is how many tasks the loop has now: what a leak would make grow."""

    looks: int
    later_than_ms: dict[str, int]
    max_ms: float
    tasks: int = 0


class LoopWatch:
    """Measures lateness of the running loop. Lateness holds whatever kept the loop: a long callback, the
    interpreter lock in another thread, or a machine without a free core."""

    def __init__(self) -> None:
        self._looks = 0
        self._later = [0] * len(STEPS_MS)
        self._max_ms = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def stats(self) -> LagStats:
        return LagStats(
            self._looks,
            {f"{step:g}": count for step, count in zip(STEPS_MS, self._later, strict=True)},
            self._max_ms,
            len(asyncio.all_tasks(self._loop)) if self._loop else 0,
        )

    def reset(self) -> None:
        """Forget what was seen so far: a measurement begins."""
        loop = self._loop
        self.__init__()
        self._loop = loop

    async def run(self) -> None:
        """Look for ever."""
        loop = self._loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + INTERVAL_S
            await asyncio.sleep(INTERVAL_S)
            late_ms = (loop.time() - due) * 1000
            self._looks += 1
            for index, step in enumerate(STEPS_MS):
                if late_ms <= step:
                    break
                self._later[index] += 1
            self._max_ms = max(self._max_ms, late_ms)
