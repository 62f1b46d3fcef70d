"""The worker process: claims background jobs and runs them. Started by the gateway, ends with it."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

from headgate.config import Settings
from headgate.govern.evidence.jobs import JOBS as EVIDENCE_JOBS
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks
from headgate.operate.jobs import service
from headgate.operate.jobs.call_port import SocketCallPort
from headgate.operate.jobs.durable import Durable, DurableConfig
from headgate.operate.jobs.parent import watch_parent
from headgate.operate.jobs.runner import DATABASE_GONE, Pace, Runner
from headgate.operate.jobs.schemas import JobServices, JobSpec
from headgate.operate.jobs.seat import Seat
from headgate.operate.retention.jobs import JOBS as RETENTION_JOBS
from headgate.record.cache.jobs import JOBS as CACHE_JOBS
from headgate.record.runs.jobs import JOBS as RUN_JOBS
from headgate.store.control import ControlClient, Notice
from headgate.store.engine import Database
from headgate.store.notices import WorkerNotices
from headgate.store.sockets import CONTROL_SOCKET, socket_path

log = get_log("worker")

JOBS: tuple[JobSpec, ...] = (*RETENTION_JOBS, *CACHE_JOBS, *RUN_JOBS, *EVIDENCE_JOBS)
"""Every kind of background work there is; a room adds its own here."""

ORPHAN_GRACE_S = 0.2
LAST_WORDS_S = 3.0  # of the grace time: to put back what did not end, before the gateway loses patience


@dataclass(slots=True)
class End:
    """Why and how gently the worker is to end."""

    asked: asyncio.Event
    orphaned: bool = False

    def ask(self) -> None:
        self.asked.set()

    def orphan(self) -> None:
        self.orphaned = True
        self.asked.set()


async def run(settings: Settings, *, parent_pipe: int | None = None, jobs: tuple[JobSpec, ...] = JOBS) -> int:
    """Work until SIGTERM, SIGINT or the end of the parent; the exit status of the process."""
    end = End(asyncio.Event())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.ask)
    if parent_pipe is not None:
        watch_parent(parent_pipe, loop, end.orphan)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    seat = Seat(settings.data_dir)
    database = Database(settings.main_db_url)
    calls = SocketCallPort(settings.data_dir)
    tasks = Tasks()
    runner: Runner | None = None

    async def heard(notice: Notice) -> None:
        if notice.part == service.NOTICE_PART and runner is not None:
            runner.wake()

    control = ControlClient(
        socket_path(settings.data_dir, CONTROL_SOCKET),
        heard,
        on_connect=lambda: runner.wake() if runner is not None else None,
    )
    clock = SystemClock()
    services = JobServices(
        database, clock, Ids(clock), WorkerNotices(database, control.send), calls, settings
    )
    durable = Durable(
        DurableConfig(durable_url(settings), seat.name), lambda job_id: _is_wanted(database, job_id)
    )
    pace = Pace(first_s=settings.worker_poll_ms / 1000)
    runner = Runner(services, jobs, service.Worker(seat.name, clock), durable=durable, pace=pace)
    control.start()
    working = tasks.spawn(runner.run(), name="worker.runner")
    log.info("worker.ready", seat=seat.name, kinds=sorted(spec.kind for spec in jobs))
    try:
        asked = tasks.spawn(end.asked.wait(), name="worker.end")
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
        patience_s = max(ORPHAN_GRACE_S, settings.shutdown_grace_s - LAST_WORDS_S)
        await runner.stop(ORPHAN_GRACE_S if end.orphaned else patience_s)
    finally:
        await tasks.cancel_all(timeout_s=1.0)
        await control.close()
        await calls.close()
        await database.dispose()
        seat.leave()
    failed = working.done() and not working.cancelled() and working.exception() is not None
    log.info("worker.ended", orphaned=end.orphaned, failed=failed)
    return 1 if failed else 0


def durable_url(settings: Settings) -> str:
    """Where DBOS keeps its steps: a file of its own beside SQLite, its own schema in PostgreSQL."""
    if settings.main_db_url.startswith("sqlite"):
        return f"sqlite:///{Path(settings.data_dir).absolute() / 'dbos.db'}"
    return "postgresql://" + settings.main_db_url.partition("://")[2]


async def _is_wanted(database: Database, job_id: str) -> bool:
    """While the database is away, nobody can say that a job is over."""
    try:
        async with database.reading() as db:
            return await service.is_wanted(db, job_id)
    except DATABASE_GONE as error:
        log.warning("worker.database_unavailable", error=repr(error))
        return True
