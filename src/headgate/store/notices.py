"""Telling of changes: at once in this process, by the control socket to the other one, by a version poll whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from headgate.kernel.clock import Clock, to_us
from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks
from headgate.store import versions
from headgate.store.control import ControlServer, Notice
from headgate.store.engine import Database
from headgate.store.versions import PartKey

log = get_log("notices")

POLL_S = 1.0
OVERLAP_US = 60_000_000  # looked at again at each poll: covers slow transactions and clocks that differ
POLL_DEADLINE_S = 5.0

Rebuild = Callable[[str, str], Awaitable[None]]  # part, tenant
Wake = Callable[[str, str], None]


class PlaneNotices:
    """The gateway's `Notices`: rebuilds the part here, then tells the worker; polls for what others changed."""

    def __init__(
        self, database: Database, clock: Clock, rebuild: Rebuild, control: ControlServer | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._rebuild = rebuild
        self.control = control
        self._seen: dict[PartKey, int] = {}
        self._polled_us = to_us(
            clock.now()
        )  # of the last poll that succeeded, so that an outage hides nothing
        self._tasks = Tasks()
        self.polls_failed = 0

    async def start(self) -> None:
        """Take what is in the database as known (the plane was just built from it) and begin to poll.

        What changed of late may have changed after the plane was built: the first poll builds it anew.
        """
        async with self._database.reading() as db:
            known = await versions.changed_since(db, 0)
            recent = await versions.changed_since(db, self._polled_us - OVERLAP_US)
        self._seen = {key: version for key, version in known.items() if key not in recent}
        self._tasks.spawn(self._poll_forever(), name="notices.poll")

    async def close(self) -> None:
        await self._tasks.cancel_all(timeout_s=1.0)

    async def changed(self, part: str, tenant: str) -> None:
        """After the commit: rebuild here before this returns, then tell the others."""
        async with self._database.reading() as db:
            version = await versions.version_of(db, part, tenant)
        await self._apply(part, tenant, version)
        if self.control is not None:
            self.control.send(Notice(part, tenant, version))

    async def heard(self, notice: Notice) -> None:
        """The worker tells of a change: the handler of the control server."""
        if notice.version == 0 or notice.version > self._seen.get((notice.part, notice.tenant), 0):
            await self._apply(notice.part, notice.tenant, notice.version)

    async def poll(self) -> None:
        """Rebuild every part whose version is not the one we know."""
        now_us = to_us(self._clock.now())
        async with self._database.reading() as db:
            found = await versions.changed_since(db, self._polled_us - OVERLAP_US)
        self._polled_us = now_us
        for (part, tenant), version in found.items():
            if version != self._seen.get((part, tenant), 0):
                await self._apply(part, tenant, version)

    async def _apply(self, part: str, tenant: str, version: int) -> None:
        await self._rebuild(part, tenant)
        if version:
            self._seen[part, tenant] = version

    async def _poll_forever(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await asyncio.wait_for(self.poll(), POLL_DEADLINE_S)
            except (
                SQLAlchemyError,
                OSError,
                TimeoutError,
            ) as error:  # the database may be gone for a while; the old plane serves
                self.polls_failed += 1
                log.warning("notices.poll_failed", error=repr(error))


class WorkerNotices:
    """The worker's `Notices`: it keeps no plane, so it only tells the gateway. The version was bumped by the writer."""

    def __init__(self, database: Database, send: Callable[[Notice], bool]) -> None:
        self._database = database
        self._send = send

    async def changed(self, part: str, tenant: str) -> None:
        async with self._database.reading() as db:
            version = await versions.version_of(db, part, tenant)
        self._send(Notice(part, tenant, version))
