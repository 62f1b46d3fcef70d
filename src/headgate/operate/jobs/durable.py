"""Durable jobs run as DBOS workflows: what a step gave is kept, so after a crash the job goes on at the step that was cut off.

DBOS is imported and launched when the first durable job is due, and put to rest when there is none: idle, it would poll.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import sqlalchemy as sa

from headgate.kernel import json
from headgate.kernel.logging import get_log
from headgate.operate.jobs.schemas import JobContext, JobSpec, Json
from headgate.operate.jobs.service import JobFailed

if TYPE_CHECKING:
    from dbos import DBOS, Serializer, StepOptions

log = get_log("jobs")

APP_NAME = "headgate"
# pinned: an upgrade must find the workflows of the version before it; raise it only with a migration of open ones
FLOW_VERSION = "1"
FLOW_NAME = "headgate.job"
ADOPT_POLL_S = 2.0
STATUS_POLL_S = 0.2
RECOVERY_WAIT_S = 10.0  # how long DBOS may take to bring back a workflow of ours before we ask it to
LAUNCH_DEADLINE_S = 120.0
StepWork = Callable[[], Awaitable[Json]]
Answer = TypeVar("Answer")
RUNNING = ("PENDING", "ENQUEUED", "DELAYED")


class Parked(BaseException):
    """Leaves a workflow between two steps so that DBOS records no outcome: it is to go on later. Not an Exception on purpose."""


class JobGone(Exception):
    """A workflow was brought back whose job has ended."""


@dataclass(frozen=True, slots=True)
class DurableConfig:
    """Where DBOS keeps its steps, and the pinned name of this executor."""

    url: str  # sqlite:///.../dbos.db, or a PostgreSQL URL
    executor_id: str
    rest_after_s: float = 30.0


@dataclass(slots=True)
class _Run:
    """A job that this process runs. `entered` is set when its workflow has begun here, `left` when it has ended or parked."""

    spec: JobSpec
    context: JobContext
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    parking: bool = False


class Durable:
    """Runs durable jobs. All methods belong to one event loop; DBOS has its own threads and loop."""

    def __init__(self, config: DurableConfig, is_wanted: Callable[[str], Awaitable[bool]]) -> None:
        self._config = config
        self._is_wanted = is_wanted
        self._runs: dict[str, _Run] = {}
        self._arrived = asyncio.Condition()
        self._lock = asyncio.Lock()
        self._dbos: type[DBOS] | None = None
        self._flow: Callable[[str], Any] | None = None
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._last_used = 0.0

    async def run(self, spec: JobSpec, context: JobContext) -> Json:
        """Start the job's workflow, or go on with it. Raises Parked when the worker stops before the end."""
        job_id = context.job.id
        self._loop = asyncio.get_running_loop()
        dbos = await self._launched()
        run = _Run(spec, context)
        self._runs[job_id] = run
        async with self._arrived:
            self._arrived.notify_all()
        try:
            await self._engage(dbos, job_id, run)
            return await self._outcome(dbos, job_id, run)
        finally:
            run.parking = True
            self._runs.pop(job_id, None)
            self._last_used = self._loop.time()

    async def _engage(self, dbos: type[DBOS], job_id: str, run: _Run) -> None:
        """See to it that the workflow runs in this process, once."""
        status = await asyncio.to_thread(dbos.get_workflow_status, job_id)
        if status is not None and status.status == "ERROR" and run.context.job.attempts == 1:
            await asyncio.to_thread(
                dbos.delete_workflow, job_id
            )  # the job was retried: its steps are done anew
            status = None
        if status is None:
            await asyncio.to_thread(self._begin, dbos, job_id)
        elif status.status in RUNNING:
            ours = status.executor_id == self._config.executor_id or status.status == "ENQUEUED"
            if not ours or not await _happens(run.entered, RECOVERY_WAIT_S):
                await asyncio.to_thread(dbos.resume_workflow, job_id)
        elif status.status not in ("SUCCESS", "ERROR"):
            # cancelled, or recovered too often: the job is the truth
            await asyncio.to_thread(dbos.resume_workflow, job_id)

    def _begin(self, dbos: type[DBOS], job_id: str) -> None:
        from dbos import SetWorkflowID  # heavy: see _launch

        assert self._flow is not None
        with SetWorkflowID(job_id):
            dbos.start_workflow(self._flow, job_id)

    async def _outcome(self, dbos: type[DBOS], job_id: str, run: _Run) -> Json:
        while True:
            await _happens(run.left, STATUS_POLL_S * 5)
            status = await asyncio.to_thread(dbos.get_workflow_status, job_id)
            state = None if status is None else status.status
            if status is not None and state == "SUCCESS":
                return status.output or {}
            if status is not None and state == "ERROR":
                # the steps had their tries; the workflow has ended for good
                raise JobFailed(str(status.error))
            if run.left.is_set():
                if run.parking or self._stopping:
                    raise Parked
                await asyncio.sleep(STATUS_POLL_S)

    async def _launched(self) -> type[DBOS]:
        async with self._lock:
            if self._dbos is None:
                self._dbos = await asyncio.wait_for(asyncio.to_thread(self._launch), LAUNCH_DEADLINE_S)
            return self._dbos

    def _launch(self) -> type[DBOS]:
        """Import, configure and launch DBOS; in a thread, since it takes seconds."""
        from dbos import DBOS, DBOSConfig  # heavy: 3 s and 72 MB, so only here

        url = sa.make_url(self._config.url)
        if url.get_backend_name() == "sqlite" and url.database:
            with closing(sqlite3.connect(url.database)) as file:
                # stays with the file; DBOS would leave it in rollback mode
                file.execute("PRAGMA journal_mode=WAL")
        config = DBOSConfig(
            name=APP_NAME, system_database_url=self._config.url, executor_id=self._config.executor_id,
            application_version=FLOW_VERSION, serializer=cast("Serializer", JsonSerializer()),
            log_level="CRITICAL", max_executor_threads=16,
            sys_db_pool_size=4, notification_listener_polling_interval_sec=1.0, scheduler_polling_interval_sec=300.0,
        )  # fmt: skip
        DBOS(config=config)
        if self._flow is None:
            self._flow = DBOS.workflow(name=FLOW_NAME, max_recovery_attempts=None)(self._make_flow(DBOS))
        DBOS.launch()
        log.info("jobs.durable_launched", executor=self._config.executor_id)
        return DBOS

    def _make_flow(self, dbos: type[DBOS]) -> Callable[[str], Awaitable[Json]]:
        """The one workflow there is. It runs in DBOS's loop; all work of steps is done in ours, where the database lives."""

        async def flow(job_id: str) -> Json:
            run = await self._here(self._adopt(job_id))

            async def step(name: str, work: StepWork) -> Json:
                if self._stopping or run.parking:
                    raise Parked
                options: StepOptions = {
                    "name": name, "retries_allowed": True, "max_attempts": run.spec.step_attempts,
                    "should_retry": _may_retry,
                }  # fmt: skip

                async def here() -> Json:  # DBOS asks whether it is a coroutine function
                    return await self._here(_bounded(work, run.spec.timeout_s))

                return await dbos.run_step_async(options, here)

            async def progress(value: Json) -> None:
                await self._here(_awaited(run.context.progress(value)))

            try:
                return await run.spec.run(replace(run.context, step=step, progress=progress))
            finally:
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(run.left.set)

        return flow

    async def _adopt(self, job_id: str) -> _Run:
        """Wait until the worker has claimed the job of a workflow that DBOS brought back."""
        while not self._stopping:
            if (run := self._runs.get(job_id)) is not None:
                run.entered.set()
                return run
            if not await self._is_wanted(job_id):
                raise JobGone(job_id)
            async with self._arrived:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), ADOPT_POLL_S)
        raise Parked

    async def _here(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do `work` in the worker's loop and wait for it in DBOS's."""
        assert self._loop is not None
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
        except asyncio.CancelledError:
            raise Parked from None  # the worker gave the step up; it is to be done again, not recorded as failed

    async def forget(self, job_id: str) -> None:
        """The job's end is on record: what was kept of its steps is of no more use."""
        if self._dbos is not None:
            await asyncio.to_thread(self._dbos.delete_workflow, job_id)

    async def rest_if_idle(self) -> None:
        """Stop DBOS's threads when no durable job has run for a while."""
        loop = asyncio.get_running_loop()
        if (
            self._dbos is not None
            and not self._runs
            and loop.time() - self._last_used > self._config.rest_after_s
        ):
            await self._destroy()

    def park(self) -> None:
        """Begin no further step. A running one ends, and then its `run` raises Parked."""
        self._stopping = True

    async def close(self) -> None:
        self._stopping = True
        await self._destroy(forget_flow=True)

    async def _destroy(self, *, forget_flow: bool = False) -> None:
        async with self._lock:
            dbos, self._dbos = self._dbos, None
            if dbos is not None:
                await asyncio.to_thread(dbos.destroy, destroy_registry=forget_flow)


class JsonSerializer:
    """How DBOS keeps arguments, answers and errors: as JSON, never as pickles."""

    def name(self) -> str:
        return "headgate_json"

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            # of a step that was tried several times, the last error counts
            tries: list[BaseException] = getattr(data, "errors", None) or [data]
            data = {"failed": f"{type(tries[-1]).__name__}: {tries[-1]}"}
        return json.encode({"kept": data}).decode()

    def deserialize(self, serialized_data: str) -> Any:
        kept = json.decode(serialized_data)["kept"]
        if isinstance(kept, dict) and kept.keys() == {"failed"}:  # JSON
            return StepFailed(str(kept["failed"]))  # pyright: ignore[reportUnknownArgumentType]
        return kept  # pyright: ignore[reportUnknownVariableType]


class StepFailed(Exception):
    """An error as it was kept: its class and its sentence."""


def _may_retry(error: BaseException) -> bool:
    return not isinstance(error, JobFailed)


async def _bounded(work: StepWork, timeout_s: float) -> Json:
    async with asyncio.timeout(timeout_s):
        return await work()


async def _happens(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for `event`; False when the time is over first."""
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    return True


async def _awaited(work: Awaitable[Answer]) -> Answer:
    return await work
