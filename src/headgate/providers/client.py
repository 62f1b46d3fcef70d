"""`HttpClient`: the pooled HTTP/1.1 client every upstream call goes through. One instance per event loop."""

from __future__ import annotations

import asyncio
import contextlib

from headgate.providers.dial import Dialer
from headgate.providers.pool import Alarm, HostPool
from headgate.providers.proxy import ProxyRules
from headgate.providers.reply import UpstreamReply
from headgate.providers.tls import TlsContexts
from headgate.providers.upstream import (
    ClientConfig,
    ClientStats,
    Counters,
    Deadlines,
    FailureKind,
    Origin,
    UpstreamFailure,
)

__all__ = [
    "ClientConfig",
    "ClientStats",
    "Deadlines",
    "FailureKind",
    "HttpClient",
    "Origin",
    "UpstreamFailure",
    "UpstreamReply",
]

_FOREVER = float("inf")
_CLOSE_PATIENCE_S = 2.0
MAX_POOLS = 1024


class HttpClient:
    """Sends requests over kept connections. It never sends a request twice: what then is the caller's decision."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config
        self._rules = ProxyRules(config)
        self._contexts = TlsContexts(config.ca_file)
        self._counters = Counters()
        self._pools: dict[Origin, HostPool] = {}
        self._alarm: Alarm | None = None
        self._time = asyncio.get_running_loop().time
        self._closed = False

    async def send(
        self, origin: Origin, head: bytes, body: bytes, *, deadlines: Deadlines, whole: bool
    ) -> UpstreamReply:
        """Send one request and give its answer: complete (`whole`), or as soon as its head is there.

        `head` is the request line and every header but `content-length`, each with its line end (`request_head` makes one).
        A reply that is not `whole` must be read to its end or cancelled. Raises UpstreamFailure.
        """
        if self._closed:
            raise self._shutting_down()
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._make_pool(origin)
        total_at = self._time() + deadlines.total_s
        try:
            connection = pool.take() or await pool.acquire(deadlines, total_at=total_at)
        except asyncio.CancelledError:
            self._counters.cancelled += 1
            raise
        if self._closed:  # while it was opened
            connection.close()
            raise self._shutting_down()
        if pool.proxy is not None:
            head = pool.proxy.absolute(origin, head)
        ready = connection.start(head, body, deadlines=deadlines, total_at=total_at, whole=whole)
        try:
            return await ready
        except asyncio.CancelledError:
            self._counters.cancelled += 1
            connection.abandon(ready)
            raise

    def _make_pool(self, origin: Origin) -> HostPool:
        if self._alarm is None:
            self._alarm = Alarm(asyncio.get_running_loop(), self._check)
        proxy = self._rules.proxy_for(origin)
        dialer = Dialer(origin, proxy, self._contexts)
        pool = HostPool(str(origin), dialer, config=self._config, counters=self._counters, alarm=self._alarm)
        pool.proxy = proxy if origin.scheme == "http" else None
        if len(self._pools) >= MAX_POOLS:  # providers come and go while the gateway runs
            self._pools = {at: each for at, each in self._pools.items() if each.opened or each.waiting}
        self._pools[origin] = pool
        return pool

    def _shutting_down(self) -> UpstreamFailure:
        return self._counters.failed("closed", "the client is shutting down", sent=False)

    def _check(self, now: float) -> float:
        return min([pool.check(now) for pool in self._pools.values()], default=_FOREVER)

    def stats(self) -> ClientStats:
        pools = self._pools.values()
        counters = self._counters
        return ClientStats(
            open=sum(pool.opened for pool in pools),
            idle=sum(len(pool.idle) for pool in pools),
            in_flight=sum(len(pool.busy) for pool in pools),
            waiting=sum(len(pool.waiting) for pool in pools),
            created=counters.created,
            reused=counters.reused,
            cancelled=counters.cancelled,
            failures=dict(counters.failures),
        )

    async def close(self) -> None:
        """Close every connection; what is in flight fails with `closed`. Returns when the sockets are gone."""
        self._closed = True
        for pool in self._pools.values():
            pool.shut()
        if self._alarm is not None:
            self._alarm.stop()
        if self._counters.transports:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._counters.quiet.wait(), _CLOSE_PATIENCE_S)
