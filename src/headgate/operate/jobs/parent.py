"""The end of the parent: a worker must not outlive its gateway, not even one that was killed."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable

LAST_WORD_S = 0.8  # how long an orderly end may take once the parent is gone


def watch_parent(pipe: int, loop: asyncio.AbstractEventLoop, gone: Callable[[], None]) -> None:
    """Call `gone` in `loop` when the other end of `pipe` is closed, and end the process soon after, whatever it is doing.

    A thread, since the loop may be busy. What is cut off then is what kill -9 would cut off: leases and steps cover it.
    """
    os.fstat(pipe)  # a wrong descriptor must fail the start, not leave a worker that never ends

    def watch() -> None:
        while os.read(pipe, 64):
            pass
        if not loop.is_closed():
            loop.call_soon_threadsafe(gone)
        time.sleep(LAST_WORD_S)
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
