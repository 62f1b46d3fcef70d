"""The client in bad weather: each fault has its kind, is never sent twice, and leaves no connection behind."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from headgate.providers.client import Deadlines, HttpClient, Origin, UpstreamFailure
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Script, answer
from tests.providers.asking import QUICK, ask, gather, head_for, until
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
        reply = await ask(client, server, fault, stream=stream)
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
    assert upstream.by_id()[fault] == 1
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
    assert upstream.by_id()[fault] == 1
    assert (client.stats().open, client.stats().failures) == (0, {kind: 1})
    await until(lambda: upstream.open == 0)


async def test_a_slow_but_steady_stream_is_no_timeout_and_the_total_deadline_is_one(
    upstream: FaultServer, make_client: MakeClient
) -> None:
    client = make_client()
    deadlines = Deadlines(first_byte_s=0.25, idle_s=0.25, total_s=0.25)
    reply = await ask(client, upstream, "slow-drip", stream=True, deadlines=deadlines)
    with pytest.raises(UpstreamFailure) as failure:
        await gather(reply)
    assert failure.value.kind == "total_timeout"


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
