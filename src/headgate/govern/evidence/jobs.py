"""Replays as background work: asked once, however often the worker dies, then compared with what is on record."""

from __future__ import annotations

import asyncio
from typing import Any

from headgate.govern.evidence import queries
from headgate.govern.evidence.replays import ask_of, outcome, wish_of
from headgate.kernel.clock import to_us
from headgate.kernel.errors import GatewayError
from headgate.operate.jobs.schemas import JobContext, JobSpec, Json
from headgate.record.runs import service as runs

STEP_TIMEOUT_S = 1800.0
RECORD_TRIES, RECORD_PAUSE_S = 100, 0.2  # until the answer is in the database
GONE = "the run is not on record any more"


async def replay(context: JobContext) -> Json:
    """Ask a run again and compare. The asking is a step of its own: after a crash it is not done twice. What was
    answered stays in the record, encrypted, and is not kept with the step."""
    replay_id = str(context.job.payload["replay"])
    await context.step("begin", lambda: _change(context, replay_id, {"status": "running"}))
    await context.progress({"done": 1, "of": 3})
    answered = await context.step("ask", lambda: _ask(context, replay_id))
    await context.progress({"done": 2, "of": 3})
    told = await context.step("compare", lambda: _compare(context, replay_id, answered))
    await context.progress({"done": 3, "of": 3})
    return told


async def _ask(context: JobContext, replay_id: str) -> Json:
    row, run = await _both(context, replay_id)
    if run is None:
        return {"run": "", "error": GONE}
    caller, wish = wish_of(row)
    try:
        answer = await context.services.calls.ask(ask_of(caller, run, wish))
    except GatewayError as error:
        return {"run": "", "error": error.message}
    failed = "" if answer.status == 200 else f"the replay was answered with {answer.status}"
    return {"run": answer.run_id, "error": failed}


async def _compare(context: JobContext, replay_id: str, answered: Json) -> Json:
    values: Json = {"status": "failed", "error": answered["error"], "answer_run": answered["run"]}
    if not answered["error"]:
        _, run = await _both(context, replay_id)
        answer = await _recorded(context, answered["run"])
        values |= {"error": GONE} if run is None or answer is None else outcome(run, answer)
    await _change(context, replay_id, values | {"finished_us": to_us(context.services.clock.now())})
    return {"replay": replay_id, "status": values["status"], "score": values.get("score")}


async def _recorded(context: JobContext, run_id: str) -> runs.Past | None:
    """The run that the replay made, once the drain has written it."""
    for _ in range(RECORD_TRIES):
        if (run := await _run(context, run_id)) is not None:
            return run
        await asyncio.sleep(RECORD_PAUSE_S)
    return None


async def _both(context: JobContext, replay_id: str) -> tuple[Any, runs.Past | None]:
    """The replay and the run that it is of."""
    async with context.services.database.reading() as db:
        row = await queries.replay(db, context.tenant, replay_id)
    return row, None if row is None else await _run(context, row.run_id)


async def _run(context: JobContext, run_id: str) -> runs.Past | None:
    services = context.services
    async with services.database.reading() as db:
        return await runs.past_run(db, context.tenant, runs.vault_of(services.settings.data_dir), run_id)


async def _change(context: JobContext, replay_id: str, values: Json) -> Json:
    async with context.services.database.writing() as db:
        await queries.change_replay(db, context.tenant, replay_id, values)
    return {}


REPLAY = JobSpec("trust_replay", replay, engine="durable", timeout_s=STEP_TIMEOUT_S)
JOBS = (REPLAY,)
