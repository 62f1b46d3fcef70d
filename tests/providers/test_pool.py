"""The pool: limits, the queue in front of them, idle times, and what is looked at before a connection is used again."""

from __future__ import annotations

import asyncio
import socket

import pytest

from headgate.providers.client import ClientConfig, HttpClient, Origin, UpstreamFailure
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Script, answer
from tests.providers.asking import QUICK, ask, gather, head_for, until
from tests.providers.conftest import MakeClient


async def test_idle_connections_close_after_their_time(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(idle_s=0.05)
    await ask(client, upstream)
    assert client.stats().idle == 1
    await until(lambda: client.stats().open == 0 and upstream.open == 0)


async def test_the_server_may_shorten_the_idle_time(upstream: FaultServer, make_client: MakeClient) -> None:
    client = make_client()
    upstream.queue(Script((answer(b"{}", "200 OK", "keep-alive: timeout=1"),)))
    await ask(client, upstream)
    assert client.stats().open == 0


async def test_calls_beyond_the_limit_wait_their_turn(upstream: FaultServer, make_client: MakeClient) -> None:
    client = make_client(per_host=2)
    calls = [asyncio.ensure_future(ask(client, upstream, "slow-drip")) for _ in range(6)]
    await until(lambda: (client.stats().waiting, client.stats().in_flight) == (4, 2))
    assert client.stats().open == 2
    replies = await asyncio.gather(*calls)
    assert all(reply.status == 200 for reply in replies)
    assert upstream.connections == 2


async def test_the_queue_is_bounded_and_has_a_deadline(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(per_host=1, max_waiting=1, wait_s=0.05)
    holder = await ask(client, upstream, "slow-drip", stream=True)
    waiting = asyncio.ensure_future(ask(client, upstream))
    await until(lambda: client.stats().waiting == 1)
    for call in (ask(client, upstream), waiting):
        with pytest.raises(UpstreamFailure) as failure:
            await call
        assert (failure.value.kind, failure.value.sent) == ("pool_timeout", False)
    assert await gather(holder)
    assert len(upstream.seen) == 1


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
