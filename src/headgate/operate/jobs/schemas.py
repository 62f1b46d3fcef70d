"""What a job is: a room's declaration (`JobSpec`), the row (`Job`), what its function gets (`JobContext`), the API's view."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field

from headgate.call.ports import CallPort, Notices
from headgate.kernel.clock import Clock
from headgate.kernel.ids import Ids
from headgate.store.engine import Database

Engine = Literal["lease", "durable"]
State = Literal["queued", "running", "succeeded", "failed", "dead", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "succeeded", "failed", "dead", "cancelled")
SYSTEM_TENANT = ""  # whose jobs are the server's own

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the table, as its function and the worker see it."""

    id: str
    tenant: str
    kind: str
    engine: Engine
    attempts: int
    max_attempts: int
    payload: Json


class Step(Protocol):
    """Runs `work` once: a durable job that is resumed gets the answer that was kept. The answer must be JSON."""

    async def __call__(self, name: str, work: Callable[[], Awaitable[Json]], /) -> Json: ...


@dataclass(frozen=True, slots=True)
class JobServices:
    """What the worker hands to every job."""

    database: Database
    clock: Clock
    ids: Ids
    notices: Notices
    calls: CallPort
    settings: Any  # headgate.config.Settings; config stands above the rooms


@dataclass(frozen=True, slots=True)
class JobContext:
    """One run of a job. `step` divides durable work; on a lease job it only calls."""

    job: Job
    services: JobServices
    step: Step
    progress: Callable[[Json], Awaitable[None]]

    @property
    def tenant(self) -> str:
        return self.job.tenant


JobFunction = Callable[[JobContext], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A kind of background work. `every_s` makes it periodic: exactly one job per period, however many workers there are.

    `timeout_s` bounds one attempt of a lease job, or one step of a durable one. `max_attempts` counts attempts of a
    lease job; of a durable one it counts how often it may be taken over from a dead worker, and `step_attempts` the
    tries of a step. A durable job does all its work inside steps: between them it may only decide.
    """

    kind: str
    run: JobFunction
    engine: Engine = "lease"
    every_s: int | None = None
    timeout_s: float = 60.0
    max_attempts: int = 5
    step_attempts: int = 5


class JobView(BaseModel):
    """A piece of background work."""

    id: str = Field(examples=["job_01KAVQ3E8Y5T6W7X8Z9ABCDEFG"])
    kind: str = Field(examples=["retention"])
    engine: Engine
    status: State
    attempts: int
    maxAttempts: int
    runAt: str
    createdAt: str
    updatedAt: str
    finishedAt: str | None
    progress: Json | None
    result: Json | None
    error: str | None


class JobList(BaseModel):
    """A page of jobs, newest first, and how many there are in each state."""

    jobs: list[JobView]
    stats: dict[str, int]
    total: int
    has_more: bool
    limit: int
    offset: int
