"""Opening connections: every address, every way to fail, nothing left behind, nothing sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headgate.providers.client import Deadlines, HttpClient, Origin, UpstreamFailure
from headgate.providers.ssrf import Reach
from headgate.testing.fault_server import FaultServer
from tests.providers.asking import QUICK, body_for, head_for, until
from tests.providers.conftest import MakeClient


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


async def test_names_with_several_addresses_are_tried_in_turn(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    # localhost is ::1 and 127.0.0.1 on most machines; the server listens on the second only
    client: HttpClient = make_client()
    origin = Origin("http", "localhost", upstream.port)
    reply = await client.send(origin, head_for(), body_for("ok"), deadlines=QUICK, whole=True)
    assert reply.status == 200


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


async def test_a_guarded_origin_is_judged_by_its_addresses(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    for host in ("localhost", "127.0.0.1", "0x7f.1"):
        with pytest.raises(UpstreamFailure) as failure:
            origin = Origin("http", host, upstream.port, Reach())
            await client.send(origin, head_for(), body_for("ok"), deadlines=QUICK, whole=True)
        assert (failure.value.kind, failure.value.sent) == ("forbidden", False)
    allowed = Origin("http", "localhost", upstream.port, Reach(private=True))
    assert (await client.send(allowed, head_for(), body_for("ok"), deadlines=QUICK, whole=True)).status == 200


async def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_judged(
    upstream: FaultServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: one look-up per connection, all its addresses judged, and the connection goes to one of them."""
    answers = [["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    async def look_up(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in answers[len(asked) - 1]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    client = make_client()
    with pytest.raises(UpstreamFailure) as failure:
        await client.send(
            Origin("http", "rebind.test", upstream.port, Reach()),
            head_for(),
            b"",
            deadlines=QUICK,
            whole=True,
        )
    assert failure.value.kind == "forbidden"
    allowed = Origin("http", "rebind.test", upstream.port, Reach(private=True))
    reply = await client.send(allowed, head_for(), body_for("ok"), deadlines=QUICK, whole=True)
    assert (reply.status, asked) == (200, ["rebind.test", "rebind.test"])
