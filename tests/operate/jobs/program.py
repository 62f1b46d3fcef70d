"""A worker process for tests that kill it: the real worker with jobs that write what they do into a file.

Run as `python program.py DATA_DIR DATABASE_URL [PARENT_PIPE]`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from headgate.config import Settings
from headgate.operate.jobs.schemas import JobContext, JobSpec, Json
from headgate.worker import run

STEPS = ("first", "second", "third")


def _note(context: JobContext, text: str) -> None:
    with (Path(context.services.settings.data_dir) / "notes").open("a") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


async def _step(context: JobContext, name: str) -> Json:
    """Note the step and, while there is a file `hold-NAME`, stay in it."""
    _note(context, f"{name} begins")
    while (Path(context.services.settings.data_dir) / f"hold-{name}").exists():
        await asyncio.sleep(0.02)
    _note(context, f"{name} ends")
    return {"step": name}


async def in_steps(context: JobContext) -> Json:
    done = [await context.step(name, partial(_step, context, name)) for name in STEPS]
    return {"done": [each["step"] for each in done]}


async def fails_once(context: JobContext) -> Json:
    async def work() -> Json:
        tried = Path(context.services.settings.data_dir) / "tried"
        if not tried.exists():
            tried.touch()
            raise ValueError("the first time")
        return {"tries": 2}

    return await context.step("only", work)


async def never_works(context: JobContext) -> Json:
    async def work() -> Json:
        raise ValueError("never")

    return await context.step("only", work)


IN_STEPS = JobSpec("in_steps", in_steps, engine="durable")
FAILS_ONCE = JobSpec("fails_once", fails_once, engine="durable")
FAILS_FIRST = JobSpec("fails_first", fails_once, engine="durable", step_attempts=1)
NEVER_WORKS = JobSpec("never_works", never_works, engine="durable", step_attempts=1)
PLAIN = JobSpec("plain", in_steps)
JOBS = (IN_STEPS, FAILS_ONCE, FAILS_FIRST, NEVER_WORKS, PLAIN)


if __name__ == "__main__":
    folder, url, *pipe = sys.argv[1:]
    settings = Settings(data_dir=Path(folder), database_url=url, worker_poll_ms=50)
    sys.exit(asyncio.run(run(settings, parent_pipe=int(pipe[0]) if pipe else None, jobs=JOBS)))
