"""The client in bad weather: each fault has its kind, is never sent twice, and leaves no connection behind."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headgate.providers.client import ClientConfig, Deadlines, HttpClient, Origin, UpstreamFailure
from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Script, answer
from tests.providers.asking import QUICK, ask, body_for, gather, head_for, origin_of, until
from tests.providers.conftest import MakeClient

WHOLE_FAULTS = {
    "hang": "first_byte_timeout",
    "hang-after-headers": "idle_timeout",
    "half-body-close": "reset",
    "reset": "reset",
    "close-before-headers": "reset",
    "reset-after-headers": "reset",
    "length-too-long": "reset",
    "length-too-short": "protocol",
    "length-conflict": "protocol",
    "length-and-chunked": "protocol",
    "bad-chunk": "protocol",
    "bad-status": "protocol",
    "not-http": "protocol",
    "gzip-bomb": "too_large",
    "gzip-cut": "protocol",
    "huge-headers": "protocol",
    "huge-body": "too_large",
}
STREAM_FAULTS = {
    "half-stream-close": "reset",
    "half-stream-reset": "reset",
    "hang-stream": "idle_timeout",
    "bad-chunk": "protocol",
    "gzip-cut": "protocol",
}


async def failure_of(client: HttpClient, server: FaultServer, fault: str, *, stream: bool) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        reply = await ask(client, server, fault, stream=stream, user="once")
        await gather(reply)
    return caught.value


@pytest.mark.parametrize(("fault", "kind"), WHOLE_FAULTS.items())
async def test_a_broken_whole_answer_is_one_failure_of_its_kind(
    fault: str, kind: str, upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    await ask(client, upstream)  # a kept connection, so that the fault meets a reused one
    failure = await failure_of(client, upstream, fault, stream=False)
    assert (failure.kind, failure.sent) == (kind, True)
    assert upstream.by_id() == {"once": 1}
    stats = client.stats()
    assert (stats.open, stats.in_flight, stats.failures) == (0, 0, {kind: 1})
    await until(lambda: upstream.open == 0)
    assert (await ask(client, upstream)).status == 200  # and the pool has not suffered


@pytest.mark.parametrize(("fault", "kind"), STREAM_FAULTS.items())
async def test_a_broken_stream_ends_in_one_failure_of_its_kind(
    fault: str, kind: str, upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    failure = await failure_of(client, upstream, fault, stream=True)
    assert (failure.kind, failure.sent) == (kind, True)
    assert upstream.by_id() == {"once": 1}
    assert (client.stats().open, client.stats().failures) == (0, {kind: 1})
    await until(lambda: upstream.open == 0)


async def test_what_came_before_the_break_is_delivered(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    reply = await ask(make_client(), upstream, "half-stream-close", stream=True)
    seen = b""
    with pytest.raises(UpstreamFailure):
        async for piece in reply:
            seen += piece
    assert seen.count(b"data: ") >= 8
    with pytest.raises(UpstreamFailure):  # and the failure stays
        await gather(reply)


async def test_a_slow_but_steady_stream_is_no_timeout_and_the_total_deadline_is_one(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    deadlines = Deadlines(first_byte_s=0.25, idle_s=0.25, total_s=0.25)
    reply = await ask(client, upstream, "slow-drip", stream=True, deadlines=deadlines)
    with pytest.raises(UpstreamFailure) as failure:
        await gather(reply)
    assert failure.value.kind == "total_timeout"


async def test_a_connection_closed_while_idle_is_noticed_before_it_is_used(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    await ask(client, upstream, "dies-idle")
    assert client.stats().idle == 1
    await until(lambda: client.stats().idle == 0)
    assert (await ask(client, upstream)).status == 200


async def test_a_close_still_in_the_kernel_is_seen_before_the_request_is_written() -> None:
    """The loop has not run since the close arrived: only a look at the socket can tell."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    port: int = listener.getsockname()[1]
    client = HttpClient(ClientConfig())
    origin = Origin("http", "127.0.0.1", port)
    got: list[bytes] = []

    def serve() -> socket.socket:
        peer, _ = listener.accept()
        got.append(peer.recv(65536))
        peer.sendall(answer(b"{}"))
        return peer

    serving = asyncio.get_running_loop().run_in_executor(None, serve)
    await client.send(origin, head_for(), b"first", deadlines=QUICK, whole=True)
    peer = await serving
    serving = asyncio.get_running_loop().run_in_executor(None, serve)
    peer.close()  # no await between this and the next request
    reply = await client.send(origin, head_for(), b"second", deadlines=QUICK, whole=True)
    assert reply.status == 200
    assert [body.endswith(b"second") for body in got] == [False, True]
    assert (client.stats().created, client.stats().reused) == (2, 0)
    (await serving).close()
    listener.close()
    await client.close()


async def test_bytes_nobody_asked_for_end_an_idle_connection(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    upstream.queue(Script((answer(b"{}"), 0.02, answer(b'{"poison":true}'))))
    assert (await ask(client, upstream)).body == b"{}"
    await until(lambda: client.stats().open == 0)
    assert (await ask(client, upstream)).body != b'{"poison":true}'


@pytest.mark.parametrize("fault", ["hang", "hang-after-headers", "slow-drip"])
async def test_a_cancelled_call_closes_its_connection_and_frees_its_slot(
    fault: str, upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(per_host=1)
    call = asyncio.ensure_future(ask(client, upstream, fault, deadlines=Deadlines()))
    await until(lambda: len(upstream.seen) == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (client.stats().open, client.stats().in_flight, client.stats().cancelled) == (0, 0, 1)
    await until(lambda: upstream.open == 0)
    assert (await ask(client, upstream)).status == 200


async def test_giving_up_a_stream_closes_its_connection(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(per_host=1)
    reply = await ask(client, upstream, "slow-drip", stream=True)
    await anext(aiter(reply))
    reply.cancel()
    reply.cancel()
    assert (client.stats().open, client.stats().cancelled, client.stats().failures) == (0, 1, {})
    with pytest.raises(UpstreamFailure) as failure:
        await gather(reply)
    assert failure.value.kind == "closed"
    await until(lambda: upstream.left == 1)


async def test_a_call_cancelled_in_the_queue_gives_its_place_up(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(per_host=1)
    holder = await ask(client, upstream, "slow-drip", stream=True)
    first, second = (asyncio.ensure_future(ask(client, upstream)) for _ in range(2))
    await until(lambda: client.stats().waiting == 2)
    first.cancel()
    holder.cancel()  # in the same moment: the slot must not be lost with the cancelled call
    assert (await second).status == 200
    assert (client.stats().waiting, client.stats().open) == (0, 1)


async def test_a_place_given_and_cancelled_in_the_same_moment_passes_on(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(per_host=1)
    holder = await ask(client, upstream, "slow-drip", stream=True)
    first, second = (asyncio.ensure_future(ask(client, upstream)) for _ in range(2))
    await until(lambda: client.stats().waiting == 2)
    holder.cancel()
    first.cancel()
    assert (await second).status == 200
    assert client.stats().open == 1


async def test_an_early_refusal_of_a_large_request_is_an_answer(make_client: MakeClient) -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"too much", "413 Content Too Large"))
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        writer.close()
        gone.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    origin = Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1])
    client = make_client()
    reply = await client.send(origin, head_for(), b"x" * (30 * 1024 * 1024), deadlines=QUICK, whole=True)
    assert reply.status == 413
    assert client.stats().open == 0  # half of the request is unsent: never to be used again
    await gone.wait()
    server.close()


async def test_refused_connections_and_unknown_names_were_not_sent(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = make_client()
    for origin, kind in (
        (Origin("http", "127.0.0.1", port), "refused"),
        (Origin("http", "nowhere.invalid", 80), "dns"),
    ):
        with pytest.raises(UpstreamFailure) as failure:
            await client.send(origin, head_for(), b"", deadlines=QUICK, whole=True)
        assert (failure.value.kind, failure.value.sent) == (kind, False)
    assert client.stats().failures == {"refused": 1, "dns": 1}


@pytest_asyncio.fixture
async def silent() -> AsyncIterator[int]:
    """A server that accepts and says nothing: a TLS handshake with it never ends."""
    sockets: list[asyncio.StreamWriter] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sockets.append(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in sockets:
        writer.transport.abort()


async def test_a_handshake_that_hangs_is_a_connect_timeout(silent: int, make_client: MakeClient) -> None:
    client = make_client()
    deadlines = Deadlines(connect_s=0.2)
    with pytest.raises(UpstreamFailure) as failure:
        await client.send(
            Origin("https", "127.0.0.1", silent), head_for(), b"", deadlines=deadlines, whole=True
        )
    assert (failure.value.kind, failure.value.sent) == ("connect_timeout", False)
    await until(lambda: client._counters.transports == 0)


async def test_a_call_cancelled_while_connecting_leaves_nothing(silent: int, make_client: MakeClient) -> None:
    client = make_client()
    origin = Origin("https", "127.0.0.1", silent)
    call = asyncio.ensure_future(client.send(origin, head_for(), b"", deadlines=QUICK, whole=True))
    await until(lambda: client.stats().open == 1)
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (client.stats().open, client.stats().cancelled) == (0, 1)
    await until(lambda: client._counters.transports == 0)


class TestTls:
    """Certificates are always checked."""

    async def send(self, client: HttpClient, server: FaultServer, host: str) -> int:
        origin = origin_of(server, host)
        reply = await client.send(
            origin, head_for(), body_for("ok"), deadlines=Deadlines(connect_s=5), whole=True
        )
        return reply.status

    async def test_a_trusted_certificate_is_accepted_and_the_connection_kept(
        self, authority: Authority, make_client: MakeClient
    ) -> None:
        context = authority.issue("localhost", "127.0.0.1").server_context()
        client = make_client(ca_file=str(authority.ca))
        async with FaultServer(tls=context) as server:
            assert [await self.send(client, server, "localhost") for _ in range(3)] == [200, 200, 200]
            assert client.stats().created <= 2  # a session ticket may still lie in the socket once
            assert await self.send(client, server, "127.0.0.1") == 200
            await client.close()

    @pytest.mark.parametrize("case", ["expired", "foreign name", "unknown authority"])
    async def test_a_bad_certificate_is_refused_before_anything_is_sent(
        self, case: str, authority: Authority, make_client: MakeClient
    ) -> None:
        name = "elsewhere.test" if case == "foreign name" else "localhost"
        context = authority.issue(name, expired=case == "expired").server_context()
        client = make_client(ca_file="" if case == "unknown authority" else str(authority.ca))
        async with FaultServer(tls=context) as server:
            with pytest.raises(UpstreamFailure) as failure:
                await self.send(client, server, "localhost")
            assert (failure.value.kind, failure.value.sent) == ("tls", False)
            assert server.seen == []

    async def test_a_plain_server_is_a_tls_failure(
        self, authority: Authority, make_client: MakeClient
    ) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(answer(b"speak plain", "400 Bad Request"))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = make_client(ca_file=str(authority.ca))
        with pytest.raises(UpstreamFailure) as failure:
            await client.send(
                Origin("https", "127.0.0.1", port),
                head_for(),
                b"",
                deadlines=Deadlines(connect_s=2),
                whole=True,
            )
        assert (failure.value.kind, failure.value.sent) == ("tls", False)
        server.close()


async def test_large_bodies_pass_through_tls_both_ways(authority: Authority, make_client: MakeClient) -> None:
    context = authority.issue("localhost").server_context()
    client = make_client(ca_file=str(authority.ca))
    body = gzip.compress(b"x") * 100_000
    async with FaultServer(tls=context) as server:
        server.queue(Script((answer(body),)))
        origin = origin_of(server, "localhost")
        reply = await client.send(origin, head_for(), body, deadlines=Deadlines(first_byte_s=20), whole=True)
        assert reply.body == body
        assert server.seen[0].body == body
        await client.close()
