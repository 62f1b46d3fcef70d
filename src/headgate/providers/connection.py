"""One connection to an upstream: writes a request, reads its answer, tells its pool when it is free or gone."""

from __future__ import annotations

import asyncio
import select
import socket
from typing import Protocol, cast

from typing_extensions import override

from headgate.kernel.outbox import Outbox
from headgate.providers.content import ContentDecoder, ContentTooLarge
from headgate.providers.framing import CHUNKED, LENGTH, NO_BODY, ChunkedBody, Head, Malformed, parse_head
from headgate.providers.reply import UpstreamReply
from headgate.providers.upstream import ClientConfig, Counters, Deadlines, FailureKind, UpstreamFailure

_ONE_WRITE = (
    64 * 1024
)  # a request up to this size leaves in one write; the rest of a larger one waits for its turn
_MAX_INTERIM = 16
_FOREVER = float("inf")

_READING_HEAD = -1  # the other states are the framings of `framing`


class Home(Protocol):
    """The pool a connection belongs to."""

    name: str
    config: ClientConfig
    counters: Counters
    outbox: Outbox

    def started(self, connection: Connection, due: float) -> None: ...
    def freed(self, connection: Connection) -> None: ...
    def gone(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """At most one exchange at a time. Whatever is odd about an answer makes it the last one on its connection."""

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop) -> None:
        self.free_at = 0.0  # when it was put into the pool
        self.keep_s = home.config.idle_s
        self.made_at = loop.time()
        self.lost = False
        self._home = home
        self._config = home.config
        self._loop = loop
        self._time = loop.time
        self._transport: asyncio.Transport | None = None
        self._poll: select.poll | None = None
        self._reply: UpstreamReply | None = None
        self._ready: asyncio.Future[UpstreamReply] = loop.create_future()
        self._whole = True
        self._head_request = False
        self._state = _READING_HEAD
        self._partial_head = b""
        self._interim = 0
        self._left = 0
        self._chunked: ChunkedBody | None = None
        self._decoder: ContentDecoder | None = None
        self._keep = False
        self._size = 0
        self._limit = 0
        self._unsent: memoryview | None = None
        self._write_paused = False
        self._read_paused = False
        self._deadlines = Deadlines()
        self._started_at = 0.0
        self._active_at = 0.0
        self._total_at = 0.0

    # life of the transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._home.counters.transports += 1
        self._home.counters.quiet.clear()
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:  # a handshake that failed: the connection was never made
            return
        counters = self._home.counters
        counters.transports -= 1
        if not counters.transports:
            counters.quiet.set()
        was_closed_by_us = self.lost
        self._lose()
        if self._reply is not None and not was_closed_by_us:
            self._end_of_input(clean=exc is None)

    @override
    def eof_received(self) -> None:
        if self._reply is not None:
            self._end_of_input(clean=True)
        else:
            self.close()

    def _end_of_input(self, *, clean: bool) -> None:
        self._keep = False
        if clean and self._reply is not None and self._state not in (_READING_HEAD, LENGTH, CHUNKED):
            self._guarded_complete()
        else:
            where = "before its head was" if self._state == _READING_HEAD else "before the answer was"
            self.fail("reset", f"closed the connection {where} complete")

    def _lose(self) -> None:
        if not self.lost:
            self.lost = True
            self._home.gone(self)

    def close(self) -> None:
        """Close at once; whatever was not written is dropped."""
        transport, self._unsent = self._transport, None
        self._lose()
        if transport is not None:
            transport.abort()

    def usable(self, now: float) -> bool:
        """May this idle connection carry another request? Looks for a close or stray bytes that already wait in the kernel."""
        transport = self._transport
        if self.lost or transport is None or now - self.free_at > self.keep_s or transport.is_closing():
            return False
        poll = self._poll
        if poll is None:
            poll = self._poll = select.poll()
            poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    # an exchange

    def start(
        self, head: bytes, body: bytes, *, deadlines: Deadlines, total_at: float, whole: bool
    ) -> asyncio.Future[UpstreamReply]:
        """Write a request. The future gives the reply: when it is complete (`whole`) or when its head is there."""
        now = self._time()
        self._deadlines = deadlines
        self._started_at = now
        self._total_at = total_at
        self._whole = whole
        self._head_request = head.startswith(b"HEAD ")
        self._state = _READING_HEAD
        self._interim = 0
        self._size = 0
        self._reply = UpstreamReply(self._drained, self._cancelled)
        ready = self._ready = self._loop.create_future()
        self._home.started(self, min(now + deadlines.first_byte_s, total_at))
        self._write(head, body)
        return ready

    def _write(self, head: bytes, body: bytes) -> None:
        transport = self._transport
        assert transport is not None
        if body or not head.startswith((b"GET ", b"HEAD ", b"DELETE ")):
            head = b"%bcontent-length: %d\r\n\r\n" % (head, len(body))
        else:
            head += b"\r\n"
        if len(body) <= _ONE_WRITE:
            self._home.outbox.put(transport, head + body)
            return
        self._unsent = memoryview(body)
        transport.write(head + self._unsent[:_ONE_WRITE])
        self._unsent = self._unsent[_ONE_WRITE:]
        self._write_more()

    def _write_more(self) -> None:
        transport = self._transport
        assert transport is not None
        while self._unsent is not None and not self._write_paused and not self.lost:
            transport.write(self._unsent[:_ONE_WRITE])
            rest = self._unsent[_ONE_WRITE:]
            self._unsent = rest if len(rest) else None

    @override
    def pause_writing(self) -> None:
        self._write_paused = True

    @override
    def resume_writing(self) -> None:
        self._write_paused = False
        self._write_more()

    @override
    def data_received(self, data: bytes) -> None:
        if self._reply is None:  # nobody asked: never trust this connection again
            self.close()
            return
        self._active_at = self._time()
        try:
            if self._state == _READING_HEAD:
                data = self._read_heads(data)
                if self._state == _READING_HEAD:
                    return
            self._read_body(data)
        except Malformed as error:
            self.fail("protocol", f"broke the protocol: {error}")
        except ContentTooLarge:
            self.fail("too_large", f"answered more than {self._limit} bytes")

    def _read_heads(self, data: bytes) -> bytes:
        """Read heads up to that of the real answer; what follows it."""
        while True:
            if self._partial_head:
                data = self._partial_head + data
                self._partial_head = b""
            end = data.find(b"\r\n\r\n")
            if end < 0 or end > self._config.max_head:
                if len(data) > self._config.max_head:
                    raise Malformed("head too large")
                if not data.startswith(b"HTTP/1."[: len(data)]):
                    raise Malformed("not an HTTP/1 answer")
                self._partial_head = data
                return b""
            raw = data[: end + 2]
            data = data[end + 4 :]
            head = parse_head(raw, head_request=self._head_request)
            if head.status >= 200:
                self._begin_body(head, raw)
                return data
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                raise Malformed("too many interim answers")
            if not data:
                return b""

    def _begin_body(self, head: Head, raw: bytes) -> None:
        reply, config = self._reply, self._config
        assert reply is not None
        self._limit = config.max_body if self._whole else config.max_stream
        self._keep = head.keep and self._unsent is None
        self.keep_s = min(config.idle_s, head.keep_s - 1) if head.keep_s else config.idle_s
        self._state = head.framing
        self._left = head.length
        self._chunked = ChunkedBody() if head.framing == CHUNKED else None
        decoding = bool(head.encoding) and head.framing != NO_BODY
        self._decoder = ContentDecoder(head.encoding, self._limit) if decoding else None
        if head.length > self._limit:
            raise ContentTooLarge
        reply.begin(head.status, raw, decoded=decoding)
        if not self._whole and not self._ready.done():
            self._ready.set_result(reply)

    def _read_body(self, data: bytes) -> None:
        state = self._state
        if state == LENGTH:
            over = len(data) - self._left
            if over > 0:
                data = data[: self._left]
            if data:
                self._left -= len(data)
                self._push(data)
            if over > 0:
                raise Malformed("bytes after the body")
            if self._left == 0:
                self._complete()
        elif state == CHUNKED:
            self._read_chunks(data, cast(ChunkedBody, self._chunked))
        elif state == NO_BODY:
            if data:
                raise Malformed("bytes after the body")
            self._complete()
        elif data:
            self._push(data)

    def _read_chunks(self, data: bytes, chunked: ChunkedBody) -> None:
        data = chunked.feed(data)
        if data:
            self._push(data)
        if chunked.broken is not None:
            raise chunked.broken
        if chunked.done:
            self._complete()

    def _push(self, data: bytes) -> None:
        if self._decoder is not None:
            data = self._decoder.feed(data)
            if not data:
                return
        self._size += len(data)
        if self._size > self._limit:
            raise ContentTooLarge
        reply, transport = self._reply, self._transport
        assert reply is not None
        assert transport is not None
        if reply.push(data) > self._config.buffer_bytes and not self._whole and not self._read_paused:
            self._read_paused = True
            transport.pause_reading()

    def _drained(self) -> None:
        """The reader has taken everything: read on."""
        if self._read_paused and not self.lost:
            self._read_paused = False
            self._active_at = self._time()
            cast(asyncio.Transport, self._transport).resume_reading()

    def _guarded_complete(self) -> None:
        try:
            self._complete()
        except Malformed as error:
            self.fail("protocol", f"broke the protocol: {error}")

    def _complete(self) -> None:
        if self._decoder is not None:
            self._decoder.finish()
            self._decoder = None
        reply = self._reply
        assert reply is not None
        self._reply = None
        self._chunked = None
        if self._keep and self._unsent is None and not self.lost:
            self._drained()
            self._home.freed(self)
        else:
            self.close()
        reply.end(None, whole=self._whole)
        if not self._ready.done():
            self._ready.set_result(reply)

    # ends that are no answer

    def fail(self, kind: FailureKind, what: str) -> None:
        """End the exchange with a failure and close."""
        reply, self._reply = self._reply, None
        self._partial_head = b""
        self._chunked = None
        self._decoder = None
        self.close()
        if reply is None:
            return
        failure = self._home.counters.failed(kind, f"{self._home.name} {what}", sent=True)
        if not self._ready.done():
            self._ready.set_exception(failure)
            reply.end(failure, whole=True)
        else:
            reply.end(failure, whole=False)

    def drop(self, reply: UpstreamReply) -> bool:
        """Whoever asked is no longer interested in `reply`. False when it was over already."""
        if self._reply is not reply:
            return False
        self._reply = None
        self._partial_head = b""
        self.close()
        reply.end(
            UpstreamFailure("closed", f"{self._home.name}: the answer was given up", sent=True), whole=False
        )
        return True

    def _cancelled(self, reply: UpstreamReply) -> None:
        if self.drop(reply):
            self._home.counters.cancelled += 1

    def abandon(self, ready: asyncio.Future[UpstreamReply]) -> None:
        """The task that waited for `ready` was cancelled."""
        if ready.done() and not ready.cancelled():
            ready.exception()  # marks it as seen
        if self._ready is ready and self._reply is not None:
            self.drop(self._reply)

    def due(self) -> float:
        """When the exchange will be too late, if nothing happens until then."""
        if self._state == _READING_HEAD:
            return min(self._started_at + self._deadlines.first_byte_s, self._total_at)
        silent = _FOREVER if self._read_paused else self._active_at + self._deadlines.idle_s
        return min(silent, self._total_at)

    def expire(self, now: float) -> None:
        """Fail with the deadline that has passed."""
        if now >= self._total_at:
            self.fail("total_timeout", "did not finish its answer in time")
        elif self._state == _READING_HEAD:
            self.fail("first_byte_timeout", "did not begin its answer in time")
        else:
            self.fail("idle_timeout", "fell silent inside its answer")
