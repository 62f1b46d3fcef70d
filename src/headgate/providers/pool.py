"""The connections to one origin: which are free, which are busy, who waits for one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from headgate.kernel.outbox import Outbox
from headgate.providers.connection import Connection
from headgate.providers.dial import Dialer, DialFailure
from headgate.providers.proxy import Proxy
from headgate.providers.upstream import ClientConfig, Counters, Deadlines, UpstreamFailure

_FOREVER = float("inf")


class Alarm:
    """One timer for all deadlines of a client. `check(now)` acts on what is due and says when to look again."""

    COARSE_S = 0.01  # two looks are at least this far apart

    def __init__(self, loop: asyncio.AbstractEventLoop, check: Callable[[float], float]) -> None:
        self._loop = loop
        self._check = check
        self.next = _FOREVER
        self._timer: asyncio.TimerHandle | None = None

    def at(self, due: float) -> None:
        """Look no later than `due`. Cheap when the next look is earlier anyway."""
        if due < self.next:
            self.stop()
            self.next = due
            self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.next = _FOREVER
        now = self._loop.time()
        due = self._check(now)
        if due < _FOREVER:
            self.at(max(due, now + self.COARSE_S))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self.next = _FOREVER


@dataclass(slots=True, eq=False)
class _Waiter:
    """A call in the queue. Its future gives a free connection, or None: the right to open one."""

    future: asyncio.Future[Connection | None]
    due: float


class HostPool:
    """At most `config.per_host` connections to one origin, the last one used first, and a bounded queue in front of them."""

    def __init__(
        self, name: str, dialer: Dialer, *, config: ClientConfig, counters: Counters, alarm: Alarm
    ) -> None:
        self.name = name
        self.config = config
        self.counters = counters
        self.outbox = Outbox()
        self.opened = 0  # slots taken: connections that are open, being opened, or promised to a waiter
        self.idle: list[Connection] = []
        self.busy: set[Connection] = set()
        self.waiting: deque[_Waiter] = deque()
        self.proxy: Proxy | None = None  # of a plain http origin: requests then carry the whole URL
        self._dialer = dialer
        self._alarm = alarm
        self._loop = asyncio.get_running_loop()
        self._closed = False

    def take(self) -> Connection | None:
        """A free connection that is still good, at once."""
        now = self._loop.time()
        while self.idle:
            connection = self.idle.pop()
            if connection.usable(now):
                self.counters.reused += 1
                return connection
            connection.close()
        return None

    async def acquire(self, deadlines: Deadlines, *, total_at: float) -> Connection:
        """A free connection, a new one, or a place in the queue for either. Raises UpstreamFailure, never sent."""
        while True:
            connection = self.take()
            if connection is not None:
                return connection
            if self.opened < self.config.per_host:
                self.opened += 1
                return await self._open(deadlines, total_at=total_at)
            connection = await self._wait(total_at)
            if connection is None:
                return await self._open(deadlines, total_at=total_at)
            if connection.usable(self._loop.time()):
                self.counters.reused += 1
                return connection
            connection.close()

    async def _open(self, deadlines: Deadlines, *, total_at: float) -> Connection:
        """Open a connection in a slot that was taken already; the slot is free again when that fails."""
        opened = False
        until = min(self._loop.time() + deadlines.connect_s, total_at)
        try:
            connection = await self._dialer.dial(lambda: Connection(self, self._loop), until=until)
            opened = True
        except DialFailure as error:
            raise self.counters.failed(error.kind, f"{self.name} {error.what}", sent=False) from None
        finally:
            if not opened:
                self._slot_free()
        self.counters.created += 1
        return connection

    async def _wait(self, total_at: float) -> Connection | None:
        if len(self.waiting) >= self.config.max_waiting:
            raise self.counters.failed(
                "pool_timeout", f"{self.name}: too many calls wait for a connection", sent=False
            )
        waiter = _Waiter(self._loop.create_future(), min(self._loop.time() + self.config.wait_s, total_at))
        self.waiting.append(waiter)
        self._alarm.at(waiter.due)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise

    def _give_back(self, waiter: _Waiter) -> None:
        """A waiter was cancelled: what it was given in the same moment goes to the next."""
        future = waiter.future
        if future.cancelled() or not future.done():
            if waiter in self.waiting:
                self.waiting.remove(waiter)
        elif future.exception() is None:
            connection = future.result()
            if connection is None:
                self._slot_free()
            elif not connection.lost:
                self.freed(connection)

    def _next_waiter(self) -> _Waiter | None:
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.future.done():
                return waiter
        return None

    def _slot_free(self) -> None:
        waiter = self._next_waiter()
        if waiter is None:
            self.opened -= 1
        else:
            waiter.future.set_result(None)

    # what connections tell

    def started(self, connection: Connection, due: float) -> None:
        self.busy.add(connection)
        if due < self._alarm.next:
            self._alarm.at(due)

    def freed(self, connection: Connection) -> None:
        """The exchange is over and the connection may be used again."""
        self.busy.discard(connection)
        now = self._loop.time()
        if self._closed or connection.keep_s <= 0 or now - connection.made_at > self.config.max_age_s:
            connection.close()
            return
        connection.free_at = now
        waiter = self._next_waiter() if self.waiting else None
        if waiter is not None:
            waiter.future.set_result(connection)
            return
        self.idle.append(connection)
        due = now + connection.keep_s
        if due < self._alarm.next:
            self._alarm.at(due)

    def gone(self, connection: Connection) -> None:
        """The connection is closed; told once."""
        self.busy.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self._slot_free()

    # deadlines and the end

    def check(self, now: float) -> float:
        """Act on every deadline that has passed; when the next one is."""
        for connection in [busy for busy in self.busy if busy.due() <= now]:
            connection.expire(now)
        for connection in [idle for idle in self.idle if idle.free_at + idle.keep_s <= now]:
            connection.close()
        for waiter in [waiter for waiter in self.waiting if waiter.due <= now]:
            self.waiting.remove(waiter)
            if not waiter.future.done():
                text = f"{self.name}: no connection became free in time"
                waiter.future.set_exception(self.counters.failed("pool_timeout", text, sent=False))
        dues = [connection.due() for connection in self.busy]
        dues += [connection.free_at + connection.keep_s for connection in self.idle]
        dues += [waiter.due for waiter in self.waiting]
        return min(dues, default=_FOREVER)

    def shut(self) -> None:
        """Refuse whoever waits, close what is idle, fail what is in flight."""
        self._closed = True
        while (waiter := self._next_waiter()) is not None:
            failure = UpstreamFailure("closed", f"{self.name}: the client is shutting down", sent=False)
            waiter.future.set_exception(failure)
        for connection in [*self.idle, *self.busy]:
            connection.fail("closed", "was left: the client is shutting down")
