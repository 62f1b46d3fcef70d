"""The parts of retention. Each repeats short transactions until there is nothing left to do, so it may be cut off anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.clock import to_us
from headgate.operate.jobs import service as jobs
from headgate.operate.jobs.schemas import JobServices, Json
from headgate.operate.webhooks import service as webhooks
from headgate.record.runs.service import Removed, Remover, forget_responses

DAY_S = 86_400
JOBS_KEPT_DAYS = 14
PORTION_ROWS = 200
BREATH_S = 0.02  # between two transactions, so that other writers get their turn


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator wants to keep. 0 means: no limit."""

    days: int
    max_bytes: int


class Retention:
    """All of it. Bodies go by age, then by bytes; rows of finished jobs and old events go by age."""

    def __init__(self, services: JobServices, limits: Limits) -> None:
        self._services = services
        self._limits = limits
        self._remover = Remover(services.ids, services.clock)

    def _before_us(self, days: int) -> int:
        return to_us(self._services.clock.now() - days * DAY_S)

    async def by_age(self) -> Json:
        """Bodies older than the limit."""
        if not self._limits.days:
            return _told(Removed())
        before_us = self._before_us(self._limits.days)
        return _told(await self._bodies(lambda db: self._remover.older_than(db, before_us)))

    async def by_bytes(self) -> Json:
        """The oldest bodies, until the rest is within the limit."""
        if not self._limits.max_bytes:
            return _told(Removed())
        return _told(await self._bodies(lambda db: self._remover.beyond(db, self._limits.max_bytes)))

    async def previews(self) -> Json:
        """The first words of old requests that lists show."""
        if not self._limits.days:
            return {"runs": 0}
        before_us = self._before_us(self._limits.days)
        return {"runs": await self._rows(lambda db: self._remover.previews(db, before_us, PORTION_ROWS))}

    async def old_jobs(self) -> Json:
        before_us = self._before_us(JOBS_KEPT_DAYS)
        return {
            "jobs": await self._rows(
                lambda db: jobs.delete_finished(db, before_us=before_us, limit=PORTION_ROWS)
            )
        }

    async def old_responses(self) -> Json:
        """Which runs made which responses: nothing goes on from those whose bodies are gone."""
        if not self._limits.days:
            return {"responses": 0}
        before_us = self._before_us(self._limits.days)
        return {"responses": await self._rows(lambda db: forget_responses(db, before_us, PORTION_ROWS))}

    async def old_events(self) -> Json:
        if not self._limits.days:
            return {"events": 0}
        before_us = self._before_us(self._limits.days)
        return {"events": await self._rows(lambda db: webhooks.forget_before(db, before_us, PORTION_ROWS))}

    async def _bodies(self, portion: Callable[[AsyncConnection], Awaitable[Removed]]) -> Removed:
        total = Removed()
        while True:
            async with self._services.database.writing() as db:
                removed = await portion(db)
            if not removed.groups:
                return total
            total = Removed(
                total.groups + removed.groups, total.runs + removed.runs, total.bytes + removed.bytes
            )
            await asyncio.sleep(BREATH_S)

    async def _rows(self, portion: Callable[[AsyncConnection], Awaitable[int]]) -> int:
        total = 0
        while True:
            async with self._services.database.writing() as db:
                count = await portion(db)
            total += count
            if count < PORTION_ROWS:
                return total
            await asyncio.sleep(BREATH_S)


def _told(removed: Removed) -> Json:
    return {"groups": removed.groups, "runs": removed.runs, "bytes": removed.bytes}
