"""Relaying a stream: bytes pass as they arrive, and the call is settled before the last event leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from headgate.call.call import Call, Reply
from headgate.call.module import StreamFilter
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.replies import sse_error
from headgate.gateway.settle import KEPT_RESPONSE_BYTES, Settler, estimate_usage
from headgate.gateway.upstream import Upstream, provider_failure
from headgate.gateway.upstreams.fleet import Visit
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError, ProviderError
from headgate.providers.upstream import UpstreamFailure
from headgate.wire.spec import StreamWatch
from headgate.wire.sse import split_events
from headgate.wire.translate import StreamTranslation

AFTER_DONE_S = 1.0  # how long an upstream may take to end its body after [DONE], to keep the connection


class Relay:
    """One stream on its way through. Whatever ends it, its call is settled exactly once, before its last byte."""

    def __init__(
        self, clock: Clock, settler: Settler, keeper: PlaneKeeper, visit: Visit | None = None,
        translation: StreamTranslation | None = None,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._settler = settler
        self._keeper = keeper
        self._visit = visit
        self._translation = translation  # from the provider's format
        self._kept: list[bytes] = []
        self._room = KEPT_RESPONSE_BYTES
        self._in_event = False  # what has left ends in the middle of an event

    async def chunks(
        self, call: Call, reply: Reply, upstream: Upstream, watch: StreamWatch
    ) -> AsyncGenerator[bytes, None]:
        """The bytes for the client."""
        try:
            filters = _Filters(
                [f for make, _ in self._keeper.plane.chain(call.tenant).stream_filters if (f := make(call))]
            )
            translation = self._translation
            async for chunk in upstream:
                out = watch.feed(chunk if translation is None else translation.feed(chunk))
                if filters.active:
                    out = filters.feed(out)
                if watch.done:
                    break
                if out:
                    self._keep(out)
                    yield out
            else:
                out = b"" if translation is None else self._rest(translation, watch, filters)
            yield self._end(call, reply, watch, out + filters.finish(watch.finish()))
            if watch.done:
                await _let_end(upstream)
        except UpstreamFailure as failure:
            self._over(ok=False)
            yield self._broken(call, reply, watch, provider_failure(reply.provider, failure))
        except GatewayError as error:  # a filter refuses to let the stream go on, or the record is gone
            upstream.cancel()
            self._over(ok=not isinstance(error, ProviderError))
            yield self._broken(call, reply, watch, error)
        except (asyncio.CancelledError, GeneratorExit):
            upstream.cancel()
            if self._visit is not None:
                self._visit.left()
            self._read_facts(call, reply, watch)
            self._settler.cancelled(call, reply)
            raise

    def _rest(self, translation: StreamTranslation, watch: StreamWatch, filters: _Filters) -> bytes:
        """What a translation still held back when the provider's body had ended."""
        out = watch.feed(translation.finish())
        return filters.feed(out) if filters.active else out

    def _over(self, *, ok: bool) -> None:
        if self._visit is not None:
            self._visit.over(ok=ok, status=200)

    def _keep(self, out: bytes) -> None:
        if out:
            self._in_event = not out.endswith(b"\n\n")
        if self._room > 0:
            self._kept.append(out)
            self._room -= len(out)

    def _end(self, call: Call, reply: Reply, watch: StreamWatch, last: bytes) -> bytes:
        """The upstream has ended in good order, or without an end. Settles; returns the last bytes."""
        if not watch.done and not reply.finish and not watch.facts().finish and watch.error is None:
            self._over(ok=False)
            return last + self._broken(call, reply, watch, ProviderError(
                "The provider's stream ended before its answer was complete.", provider=reply.provider, reason="incomplete"
            ))  # fmt: skip
        self._keep(last)
        self._over(ok=watch.error is None)
        self._read_facts(call, reply, watch)
        if watch.error is None:
            self._settler.settle(call, reply)
        else:
            reply.error_code = "provider_error"
            self._settler.settle(call, reply, status="failed")
        return last

    def _broken(self, call: Call, reply: Reply, watch: StreamWatch, error: GatewayError) -> bytes:
        """The stream can't go on: an error event for the client, a failed run with what was used so far."""
        if "settled" in call.notes:
            return b""
        last = sse_error(call.endpoint, error)
        if self._in_event:
            last = b"\n" + last  # so that the name of the error is its own line
        self._keep(last)
        self._read_facts(call, reply, watch)
        reply.error_code = error.code
        estimate_usage(call, reply)
        self._settler.price(call, reply)
        self._settler.settle(call, reply, error=error, status="failed" if error.status >= 500 else "blocked")
        return last

    def _read_facts(self, call: Call, reply: Reply, watch: StreamWatch) -> None:
        facts = watch.facts()
        told = self._translation
        if told is not None and told.usage.known:
            facts = msgspec.structs.replace(facts, usage=told.usage, usage_raw=told.usage_raw)
        reply.body = b"".join(self._kept)
        at_us = int((self._clock.monotonic() - call.t0) * 1_000_000)
        reply.upstream_us = max(at_us - reply.first_byte_us + reply.upstream_us, 0)
        self._settler.answered(call, reply, facts, at_us)


class _Filters:
    """The stream filters of a call in a row. They see whole SSE events; what is not whole yet waits here."""

    def __init__(self, filters: list[StreamFilter]) -> None:
        self._filters = filters
        self._rest = b""
        self.active = bool(filters)

    def feed(self, data: bytes) -> bytes:
        events, self._rest = split_events(self._rest + data)
        for each in self._filters:
            if events:
                events = each.feed(events)
        return b"".join(events)

    def finish(self, last: bytes) -> bytes:
        """The stream has ended with `last`: everything still held back."""
        if not self.active:
            return last
        out = [self.feed(last)]
        if self._rest:  # the stream ended without the blank line that ends its last event
            events, self._rest = [self._rest], b""
            for each in self._filters:
                events = each.feed(events)
            out.extend(events)
        for index, each in enumerate(self._filters):
            events = each.finish()
            for later in self._filters[index + 1 :]:
                events = later.feed(events)
            out.extend(events)
        return b"".join(out)


async def _let_end(upstream: Upstream) -> None:
    """After [DONE] only the end of the body is due; an upstream that does not send it loses its connection."""
    if upstream.ended:
        return
    try:
        async with asyncio.timeout(AFTER_DONE_S):
            async for _ in upstream:
                pass
    except (TimeoutError, UpstreamFailure):
        upstream.cancel()
