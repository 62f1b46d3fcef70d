"""The client in good weather: bodies of every framing, kept connections, streams, shutdown."""

from __future__ import annotations

import asyncio

import pytest

from headgate.providers.client import Deadlines, UpstreamFailure
from headgate.providers.upstream import Origin
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, answer, events, whole_body
from tests.providers.asking import QUICK, ask, gather, head_for, origin_of, until
from tests.providers.conftest import MakeClient

WHOLE = whole_body(Asked("fault-ok"))


def expected(fault: str) -> bytes:
    return whole_body(Asked(f"fault-{fault}"))


@pytest.mark.parametrize(
    "fault",
    [
        "ok",
        "gzip",
        "deflate",
        "early-hints",
        "connection-close",
        "until-close",
        "http10",
        "drip-head",
        "dies-idle",
    ],
)
async def test_whole_answers_arrive_byte_for_byte(
    fault: str, upstream: FaultServer, make_client: MakeClient
) -> None:
    reply = await ask(make_client(), upstream, fault)
    assert reply.status == 200
    assert reply.body == expected(fault)


async def test_one_connection_serves_requests_in_turn(upstream: FaultServer, make_client: MakeClient) -> None:
    client = make_client()
    for _ in range(5):
        assert (await ask(client, upstream)).body == WHOLE
        assert await gather(await ask(client, upstream, stream=True))
    stats = client.stats()
    assert (stats.created, stats.reused, stats.open, stats.idle) == (1, 9, 1, 1)
    assert upstream.connections == 1


@pytest.mark.parametrize("fault", ["connection-close", "until-close", "http10"])
async def test_a_connection_the_server_ends_is_not_kept(
    fault: str, upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    await ask(client, upstream, fault)
    assert client.stats().open == 0
    await ask(client, upstream)
    assert client.stats().created == 2


@pytest.mark.parametrize(
    "fault", ["ok", "slow-drip", "gzip", "stream-cut-1", "stream-cut-7", "stream-cut-100"]
)
async def test_streams_arrive_byte_for_byte_whatever_their_cuts(
    fault: str, upstream: FaultServer, make_client: MakeClient
) -> None:
    reply = await ask(make_client(), upstream, fault, stream=True)
    assert await gather(reply) == b"".join(events(Asked(f"fault-{fault}", stream=True)))
    assert reply.ended


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_keep_the_connection(
    status: int, upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    upstream.queue(Script((f"HTTP/1.1 {status} X\r\ncontent-length: 99\r\n\r\n".encode(),)))
    reply = await ask(client, upstream)
    assert (reply.status, reply.body) == (status, b"")
    assert (await ask(client, upstream)).body == WHOLE
    assert client.stats().created == 1


async def test_head_requests_have_answers_without_a_body(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    upstream.queue(Script((b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n",)))
    reply = await client.send(origin_of(upstream), head_for("/x", "HEAD"), b"", deadlines=QUICK, whole=True)
    assert (reply.body, reply.header(b"content-length")) == (b"", b"99")
    assert "content-length" not in upstream.seen[0].headers
    assert client.stats().idle == 1


async def test_large_requests_and_answers_pass_whole(upstream: FaultServer, make_client: MakeClient) -> None:
    client = make_client()
    body = bytes(range(256)) * 4096 * 8  # 8 MiB
    upstream.queue(Script((answer(body),)))
    slow = Deadlines(first_byte_s=20, idle_s=20)
    reply = await client.send(origin_of(upstream), head_for(), body, deadlines=slow, whole=True)
    assert upstream.seen[0].body == body
    assert reply.body == body
    assert client.stats().idle == 1


async def test_a_closed_client_refuses_and_leaves_nothing(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(per_host=2)
    await ask(client, upstream)
    flying = [asyncio.ensure_future(ask(client, upstream, "slow-drip")) for _ in range(2)]
    waiting = asyncio.ensure_future(ask(client, upstream))
    await until(lambda: (client.stats().in_flight, client.stats().waiting) == (2, 1))
    await client.close()
    outcomes = await asyncio.gather(*flying, waiting, return_exceptions=True)
    assert [(one.kind, one.sent) for one in outcomes if isinstance(one, UpstreamFailure)] == [
        ("closed", True), ("closed", True), ("closed", False)
    ]  # fmt: skip
    with pytest.raises(UpstreamFailure):
        await ask(client, upstream)
    assert (client.stats().open, client._counters.transports) == (0, 0)
    await until(lambda: upstream.open == 0)


async def test_pools_of_hosts_that_nobody_asks_any_more_are_forgotten(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Providers can be added and removed for ever."""
    monkeypatch.setattr("headgate.providers.client.MAX_POOLS", 4)
    client = make_client()
    for port in range(1, 20):
        with pytest.raises(UpstreamFailure):
            await client.send(Origin("http", "127.0.0.1", port), head_for(), b"", deadlines=QUICK, whole=True)
    assert len(client._pools) <= 4
