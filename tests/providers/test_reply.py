"""Replies: chunks as they come, the reader's pace, limits, giving up."""

from __future__ import annotations

import asyncio

import pytest

from headgate.providers.client import UpstreamFailure
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, answer, events, whole_body
from tests.providers.asking import QUICK, ask, body_for, gather, head_for, origin_of, until
from tests.providers.conftest import MakeClient

WHOLE = whole_body(Asked("fault-ok"))


async def test_headers_of_a_decoded_answer_describe_the_decoded_body(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    reply = await ask(make_client(), upstream, "gzip")
    assert reply.header(b"content-encoding") is None
    assert reply.header(b"content-length") is None
    assert reply.header(b"content-type") == b"application/json"


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
