"""The client in good weather: bodies of every framing, kept connections, streams, limits, numbers."""

from __future__ import annotations

import asyncio

import pytest

from headgate.providers.client import Deadlines, HttpClient, Origin, UpstreamFailure
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, answer, events, whole_body
from tests.providers.asking import QUICK, ask, body_for, gather, head_for, origin_of, until
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


async def test_headers_of_a_decoded_answer_describe_the_decoded_body(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    reply = await ask(make_client(), upstream, "gzip")
    assert reply.header(b"content-encoding") is None
    assert reply.header(b"content-length") is None
    assert reply.header(b"content-type") == b"application/json"


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


async def test_pieces_leave_as_they_arrive_not_at_the_end(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    reply = await ask(make_client(), upstream, "slow-drip", stream=True)
    pieces = [piece async for piece in reply]
    assert len(pieces) == len(events(Asked("m", stream=True)))


async def test_read_gives_the_rest_and_refuses_more_than_its_limit(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    reply = await client.send(origin_of(upstream), head_for(), body_for("ok"), deadlines=QUICK, whole=False)
    assert await reply.read(10_000) == WHOLE
    whole = await ask(client, upstream)
    assert await whole.read(10_000) == WHOLE
    reply = await client.send(
        origin_of(upstream), head_for(), body_for("slow-drip", stream=True), deadlines=QUICK, whole=False
    )
    with pytest.raises(UpstreamFailure) as failure:
        await reply.read(300)
    assert failure.value.kind == "too_large"
    assert client.stats().open == 0


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


async def test_a_stream_nobody_reads_is_not_read_from_the_network_either(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client(buffer_bytes=64 * 1024)
    body = b"x" * (24 * 1024 * 1024)
    upstream.queue(Script((answer(body),)))
    reply = await ask(client, upstream, stream=True)
    await asyncio.sleep(0.5)  # longer than the idle deadline, which must not count the reader's own pause
    assert reply._buffered < 2 * 1024 * 1024
    assert len(await gather(reply)) == len(body)
    assert client.stats().idle == 1


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


async def test_names_with_several_addresses_are_tried_in_turn(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    # localhost is ::1 and 127.0.0.1 on most machines; the server listens on the second only
    client: HttpClient = make_client()
    origin = Origin("http", "localhost", upstream.port)
    reply = await client.send(origin, head_for(), body_for("ok"), deadlines=QUICK, whole=True)
    assert reply.status == 200
