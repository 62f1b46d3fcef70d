"""The fast seam: a subclass of uvicorn's HTTP protocol that answers the hot `/v1` routes before ASGI.

It owns what it skips: 100-continue, body cap, flow control, slow clients, cancel on disconnect, drain at shutdown.
Everything else (other paths, CORS, HTTP/1.0, pipelined requests behind a running one) goes on to ASGI, where the same
handlers are mounted. It leans on uvicorn's internals: the version is pinned, and `tests/gateway/test_seam.py` holds it.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from headgate.call.call import Call, Reply
from headgate.gateway.intake import Request
from headgate.gateway.replies import bare_error
from headgate.gateway.serve import Gateway, broken
from headgate.kernel.errors import ANTHROPIC_PATH, GatewayError, HeadTooLarge, TooLarge
from headgate.kernel.outbox import Outbox
from headgate.wire.spec import MODELS_PATHS, WIRES, find

SILENCE_S = 15.0  # a stream that is silent for so long gets a comment
SILENCE = b"4\r\n: \n\n\r\n"  # an SSE comment as one chunk; valid between events only
REQUEST_S = 120.0  # a client may take so long to send a request
WRITE_S = 120.0  # and so long to take what we write
IDLE_S = 75.0  # and so long between two requests
SWEEP_S = 5.0
_MODELS = tuple(path.encode() for path in MODELS_PATHS)
OFFER_HEADERS = frozenset({b"upgrade", b"connection", b"http2-settings"})


class HotCycle:
    """One request on the seam. Looks to uvicorn's protocol like a cycle of its own."""

    __slots__ = (
        "body", "call", "disconnected", "headers", "keep_alive", "message_event", "path", "query",
        "response_complete", "size", "task",
    )  # fmt: skip

    def __init__(self, path: str, headers: dict[bytes, bytes], keep_alive: bool, query: bytes = b"") -> None:
        self.path = path
        self.query = query
        self.headers = headers
        self.keep_alive = keep_alive
        self.body: list[bytes] = []
        self.size = 0
        self.call: Call | None = None
        self.task: asyncio.Task[Any] | None = None
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NO_EVENT


class _NoEvent:
    """uvicorn sets a cycle's event when the client leaves; here the task is cancelled instead."""

    def set(self) -> None:
        return None


_NO_EVENT = _NoEvent()


class SeamSettings:
    """What every connection of one server shares."""

    def __init__(
        self, gateway: Gateway, *, max_body_bytes: int, max_header_bytes: int, root_path: str = ""
    ) -> None:
        self.gateway = gateway
        self.max_body_bytes = max_body_bytes
        self.max_header_bytes = max_header_bytes
        # behind a proxy that does not take the prefix away, both forms arrive
        self.hot_paths = {
            prefix + path.encode(): path
            for path, spec in WIRES.items()
            if not spec.model_in_path
            for prefix in {b"", root_path.encode()}
        }
        # so Anthropic's SDK, and what is made with it, calls everything in beta
        beta = {
            url + b"?beta=true": path
            for url, path in self.hot_paths.items()
            if path.startswith(ANTHROPIC_PATH)
        }
        self.hot_paths |= beta
        self._root = root_path.encode()
        self.connections: set[SeamProtocol] = set()
        self.outbox = Outbox()

    def model_path(self, url: bytes) -> tuple[str | None, bytes]:
        """The path and the query of a wire whose model is in the path; anything escaped is left to ASGI."""
        path, _, query = url.removeprefix(self._root).partition(b"?")
        if not path.startswith(_MODELS) or b"%" in path or not path.isascii():
            return None, b""
        text = path.decode()
        return (text, query) if find(text) is not None else (None, b"")

    async def sweep(self) -> None:
        """Close idle and slow connections, and break the silence of long streams. Runs for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            for connection in list(self.connections):
                connection.look(now)


class SeamProtocol(HttpToolsProtocol):
    """One client connection."""

    seam: SeamSettings  # set on the subclass that `seam_class` makes

    cycle: Any  # a cycle of uvicorn's, a HotCycle, or None before the first request
    hot: HotCycle | None = None
    running: Any = None  # the cycle of uvicorn's that answers; others may be queued behind it
    in_head = False  # a request has begun and its head is not complete
    head_size = 0
    offer = False  # the request offers to speak another protocol
    trusted = False  # the listener is the unix socket
    since = 0.0  # when the connection began to wait for its client, or last wrote to it
    unsent = 0  # bytes that waited for the client when last looked at,
    taken_at = 0.0  # and when it last took any of them
    between_events = False

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.trusted = transport.get_extra_info("socket").family == socket.AF_UNIX
        self.since = self.loop.time()
        self.seam.connections.add(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.seam.connections.discard(self)
        hot, running = self.hot, self.running
        super().connection_lost(exc)
        if running and not running.response_complete:  # uvicorn tells only the request that came last
            running.disconnected = True
            running.message_event.set()
        if hot is not None and not hot.response_complete:
            hot.disconnected = True
            if hot.task is not None and hot.call is not None:
                self.seam.gateway.leave(hot.call, hot.task.cancel)

    @override
    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    @override
    def shutdown(self) -> None:
        self.seam.outbox.flush()
        super().shutdown()

    @override
    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self._parser().feed_data(data)
        except HttpParserUpgrade as end:
            if self.offer:
                self.offer = False
                self.data_received(self._without_offer() + data[end.args[0] :])
            return
        except HttpParserError:
            self.seam.outbox.flush()
            self.send_400_response("Invalid HTTP request received.")
            return
        if self.in_head:  # still: the head is longer than what has come so far
            self.head_size += len(data)
            if self.head_size > self.seam.max_header_bytes and not self.transport.is_closing():
                self._refuse_head()
        else:
            self.head_size = 0

    def _without_offer(self) -> bytes:
        """The head of the request again, without its offer to speak another protocol, for which llhttp drops the body."""
        lines = [b"%b: %b" % pair for pair in self.headers if pair[0] not in OFFER_HEADERS]
        first = b"%b %b HTTP/1.1" % (self._parser().get_method(), self.url)
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        return b"\r\n".join([first, *lines, b"", b""])

    def _refuse_head(self) -> None:
        limit = self.seam.max_header_bytes
        refusal = HeadTooLarge(f"The request's head is larger than {limit} bytes.", limit=limit)
        body = bare_error(self.url.decode("latin-1"), refusal).body
        head = b"%bcontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.seam.outbox.flush()
        self.transport.write(head % (STATUS_LINE[refusal.status], len(body)) + body)
        self.transport.close()

    @override
    def on_message_begin(self) -> None:
        self.in_head = True
        # the scope is made only for requests that go on to ASGI
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.since = self.loop.time()

    @override
    def on_headers_complete(self) -> None:
        self.in_head = False
        self.offer = self._parser().should_upgrade() and self._parser().get_method() != b"CONNECT"
        if self.offer:
            return
        path, query = self.seam.hot_paths.get(self.url), b""
        if path is None:
            path, query = self.seam.model_path(self.url)
        by_name = dict(self.headers)
        if path is None or not self._is_hot(by_name):
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, self.expect_100_continue = url, expects
            self.headers.extend(headers)
            if self.trusted:
                self.scope["headgate.trusted"] = True  # type: ignore[typeddict-unknown-key]  # ours
            super().on_headers_complete()
            return
        hot = HotCycle(path, by_name, self._parser().should_keep_alive(), query)
        self.hot = hot
        self.cycle = hot
        if self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _is_hot(self, headers: dict[bytes, bytes]) -> bool:
        """A plain POST on a connection with nothing in progress, from no browser page, that says nothing twice."""
        parser = self._parser()
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or parser.should_upgrade():
            return False
        # ASGI refuses doubled headers, and waits for clients that do not read
        if len(headers) != len(self.headers) or self.flow.write_paused:
            return False
        return (self.cycle is None or self.cycle.response_complete) and b"origin" not in headers

    def _parser(self) -> Any:
        return (
            self.parser
        )  # uvicorn sets it to None when the connection is lost, after which nothing is parsed

    @override
    def on_body(self, body: bytes) -> None:
        hot = self.hot
        if hot is None or hot is not self.cycle:
            super().on_body(body)
        elif not hot.response_complete:
            hot.size += len(body)
            if hot.size > self.seam.max_body_bytes:
                self._too_large(hot)
            else:
                hot.body.append(body)

    @override
    def on_message_complete(self) -> None:
        if self.offer:
            return
        hot = self.hot
        if hot is None or hot is not self.cycle:
            super().on_message_complete()
            return
        if hot.response_complete:  # refused while its body was still coming
            return
        body = hot.body[0] if len(hot.body) == 1 else b"".join(hot.body)
        hot.body = []
        peer = self.client[0] if self.client else ""
        self._run(hot, Request(hot.path, hot.headers, body, hot.query, peer, self.trusted))

    def _run(self, hot: HotCycle, request: Request) -> None:
        gateway = self.seam.gateway
        try:
            hot.call = call = gateway.open(request)
        except GatewayError as error:
            self._send(hot, bare_error(hot.path, error))
            return
        except Exception as error:  # noqa: BLE001 - the request edge: an exception must not reach the parser
            self._send(hot, bare_error(hot.path, broken(error)))
            return
        outcome = gateway.begin(call)
        if isinstance(outcome, Reply):
            self._send(hot, outcome)
            return
        hot.task = task = self.loop.create_task(self._finish(hot, call, outcome))
        self.tasks.add(task)  # uvicorn keeps these, and waits for them at shutdown
        task.add_done_callback(self.tasks.discard)

    async def _finish(self, hot: HotCycle, call: Call, at: int) -> None:
        try:
            reply = await self.seam.gateway.finish(call, at)
            if reply.chunks is None:
                self._send(hot, reply)
            else:
                await self._send_stream(hot, call, reply)
        except Exception as error:  # noqa: BLE001 - the request edge: half an answer may be out, so the connection ends
            broken(error, call)
            self.transport.abort()

    def _send(self, hot: HotCycle, reply: Reply) -> None:
        """Head and body in one write."""
        if not hot.disconnected:
            head, body = self._head(hot, reply), reply.body
            self.seam.outbox.put(self.transport, b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
            self._done(hot)

    async def _send_stream(self, hot: HotCycle, call: Call, reply: Reply) -> None:
        """The head leaves with the first chunk, the end with the last. A client that does not take what is written is cut off."""
        assert reply.chunks is not None
        out = (
            self._head(hot, reply)
            + b"cache-control: no-cache\r\nx-accel-buffering: no\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        put, transport = self.seam.outbox.put, self.transport
        try:
            async for chunk in reply.chunks:
                # gone or told its end: what still comes is read for others who wait for this answer
                if hot.disconnected or hot.response_complete or not chunk:
                    continue
                if "settled" in call.notes:  # so this is the last one
                    put(transport, b"%b%x\r\n%b\r\n0\r\n\r\n" % (out, len(chunk), chunk))
                    self._done(hot)
                    continue
                put(transport, b"%b%x\r\n%b\r\n" % (out, len(chunk), chunk))
                out = b""
                self.since = self.loop.time()
                self.between_events = chunk.endswith(b"\n\n")
                if self.flow.write_paused:
                    await self._drained()
        finally:
            if self.hot is hot:
                self.between_events = False
            await reply.chunks.aclose()
        if not hot.disconnected and not hot.response_complete:
            put(transport, out + b"0\r\n\r\n")
            self._done(hot)

    async def _drained(self) -> None:
        try:
            async with asyncio.timeout(WRITE_S):
                await self.flow.drain()
        except TimeoutError:
            self.transport.abort()

    def _head(self, hot: HotCycle, reply: Reply) -> bytes:
        head = b"%bcontent-type: %b\r\n%b" % (STATUS_LINE[reply.status], reply.content_type, reply.run_lines)
        for name, value in reply.headers:
            head += b"%b: %b\r\n" % (name, value)
        return head if hot.keep_alive else head + b"connection: close\r\n"

    def _done(self, hot: HotCycle) -> None:
        hot.response_complete = True
        self.since = self.loop.time()
        if not hot.keep_alive:
            self.seam.outbox.flush()
            self.transport.close()
        elif self.pipeline or self.flow.read_paused:
            self.on_response_complete()

    def _too_large(self, hot: HotCycle) -> None:
        limit = self.seam.max_body_bytes
        hot.keep_alive = False
        hot.body = []
        self._send(
            hot,
            bare_error(hot.path, TooLarge(f"The request body is larger than {limit} bytes.", limit=limit)),
        )

    def look(self, now: float) -> None:
        """Called every few seconds: cut off whom nothing was heard of for too long."""
        if self._takes_nothing(now):
            self.transport.abort()
            return
        waited = now - self.since
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            if waited > IDLE_S and not self.pipeline:
                self.transport.close()
        elif (hot := self.hot) is not None and cycle is hot:
            if hot.call is None and waited > REQUEST_S:
                self.transport.abort()
            elif self.between_events and waited >= SILENCE_S and not self.flow.write_paused:
                self.transport.write(SILENCE)
                self.since = now

    def _takes_nothing(self, now: float) -> bool:
        """Has an answer been waiting for its client for too long? Closing alone would wait for ever."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent < self.unsent or not self.unsent:
            self.taken_at = now
        self.unsent = unsent
        return now - self.taken_at > WRITE_S


def seam_class(settings: SeamSettings) -> type[SeamProtocol]:
    """The protocol class for one listener."""
    return type("BoundSeamProtocol", (SeamProtocol,), {"seam": settings})
