"""Cut upstreams: each gives its documented error and one honest run, and leaves no connection, task or open run behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer
from tests.gateway.conftest import Running, serving
from tests.gateway.http import Answer, Client, chat, request

IMPATIENT: dict[str, Any] = {
    "connect_timeout_s": 1.0,
    "first_byte_timeout_s": 0.4,
    "idle_timeout_s": 0.4,
    "total_timeout_s": 5.0,
}

WHOLE = [  # fault, status seen by the client, error code, reason
    ("429", 429, "rate_limit_exceeded", None),
    ("429-retry-after", 429, "rate_limit_exceeded", None),
    ("400", 400, "bad_request", None),
    ("401", 502, "provider_error", None),
    ("500", 502, "provider_error", None),
    ("503", 502, "provider_error", None),
    ("hang", 502, "provider_error", "first_byte_timeout"),
    ("hang-after-headers", 502, "provider_error", "idle_timeout"),
    ("half-body-close", 502, "provider_error", "reset"),
    ("reset", 502, "provider_error", "reset"),
    ("reset-after-headers", 502, "provider_error", "reset"),
    ("not-json", 502, "provider_error", None),
    ("empty", 502, "provider_error", None),
    ("bad-chunk", 502, "provider_error", "protocol"),
    ("not-http", 502, "provider_error", "protocol"),
    ("length-conflict", 502, "provider_error", "protocol"),
    ("huge-headers", 502, "provider_error", None),
]
STREAMED = ["hang-stream", "half-stream-close", "half-stream-reset", "garbage-sse"]


@pytest.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


@pytest.fixture
async def gateway(upstream: FaultServer, tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-server", **IMPATIENT
    ) as running:
        yield running


async def nothing_is_left(gateway: Running) -> None:
    """No connection in use, nobody waiting, no run open, no task of a call."""
    for _ in range(100):
        client, record = gateway.house.floor.client.stats(), gateway.house.floor.recorder.stats()
        if not (client.in_flight or client.waiting or record.open_runs or gateway.server.server_state.tasks):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"left: {client} {record}")


async def the_run(gateway: Running, answer: Answer) -> dict[str, Any]:
    runs = await gateway.runs()
    assert len(runs) == 1
    assert runs[0]["id"] == answer.run_id
    return runs[0]


@pytest.mark.parametrize(("fault", "status", "code", "reason"), WHOLE, ids=[row[0] for row in WHOLE])
async def test_a_cut_answer_is_the_documented_error(
    gateway: Running, upstream: FaultServer, fault: str, status: int, code: str, reason: str | None
) -> None:
    answer = await gateway.ask(chat(model=f"fault-{fault}"))

    error = answer.json["error"]
    assert (answer.status, error["code"]) == (status, code)
    if reason is not None:
        assert error["reason"] in (reason, "closed")
    run = await the_run(gateway, answer)
    assert (run["status"], run["httpStatus"]) == ("failed", status)
    assert len(upstream.seen) == 1
    await nothing_is_left(gateway)


async def test_retry_after_reaches_the_client(gateway: Running) -> None:
    answer = await gateway.ask(chat(model="fault-429-retry-after"))

    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("fault", STREAMED)
async def test_a_cut_stream_ends_with_an_error_event(gateway: Running, fault: str) -> None:
    answer = await gateway.ask(chat(model=f"fault-{fault}", stream=True))

    assert answer.status == 200
    last = answer.body.rstrip().split(b"\n\n")
    assert last[-1] == b"data: [DONE]"
    assert b'"code":"provider_error"' in last[-2]
    run = await the_run(gateway, answer)
    assert (run["status"], run["errorCode"]) == ("failed", "provider_error")
    await nothing_is_left(gateway)


async def test_an_error_event_inside_a_stream_passes_and_is_on_record(gateway: Running) -> None:
    answer = await gateway.ask(chat(model="fault-error-event", stream=True))

    assert b'"code":"overloaded"' in answer.body
    assert (await the_run(gateway, answer))["status"] == "failed"
    await nothing_is_left(gateway)


@pytest.mark.parametrize(
    "fault", ["slow-drip", "drip-head", "gzip", "early-hints", "until-close", "dies-idle", "stream-cut-13"]
)
async def test_an_odd_but_whole_answer_arrives(gateway: Running, fault: str) -> None:
    stream = fault in ("slow-drip", "stream-cut-13")
    answer = await gateway.ask(chat(model=f"fault-{fault}", stream=stream))

    assert answer.status == 200
    assert (await the_run(gateway, answer))["status"] == "completed"
    await nothing_is_left(gateway)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_cancels_the_upstream_and_is_on_record(
    gateway: Running, upstream: FaultServer, stream: bool
) -> None:
    async with await Client.connect(gateway.port) as client:
        client.send(request(chat(model="fault-hang-stream" if stream else "fault-hang", stream=stream)))
        if stream:
            await client.head()
        while not upstream.seen:
            await asyncio.sleep(0.01)
    await nothing_is_left(gateway)
    for _ in range(50):
        if upstream.left:
            break
        await asyncio.sleep(0.02)

    assert upstream.left == 1
    (run,) = await gateway.runs()
    assert run["status"] == "cancelled"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/chat/completions?over=asgi"])
async def test_when_all_who_share_a_call_have_left_its_upstream_is_cancelled(
    upstream: FaultServer, tmp_path: Path, path: str
) -> None:
    whole = request(chat(model="fault-hang", temperature=0), path=path)
    async with serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-server"
    ) as gateway:
        clients = [await Client.connect(gateway.port) for _ in range(3)]
        await gateway.get("/health")  # the API behind the seam is up
        for client in clients:
            client.send(whole)
            while not upstream.seen:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        for client in clients:  # the leader first
            client.writer.close()
            await asyncio.sleep(0.05)
        await nothing_is_left(gateway)
        runs = await gateway.runs()

    assert len(upstream.seen) == 1
    assert [run["status"] for run in runs] == ["cancelled"] * 3


async def test_nobody_at_the_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with serving(tmp_path / "data", openai_base_url=url, **IMPATIENT) as gateway:
        answer = await gateway.ask(chat())

        assert (answer.status, answer.json["error"]["reason"]) == (502, "refused")
        await the_run(gateway, answer)
        await nothing_is_left(gateway)


async def test_dead_dns(tmp_path: Path) -> None:
    async with serving(
        tmp_path / "data", openai_base_url="http://no-such-host.invalid", **IMPATIENT
    ) as gateway:
        answer = await gateway.ask(chat())

        assert answer.status == 502
        assert answer.json["error"]["reason"] in ("dns", "connect_timeout")
        await the_run(gateway, answer)
        await nothing_is_left(gateway)


async def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = authority.issue("localhost", "127.0.0.1", expired=True)
    async with (
        FaultServer(tls=certificate.server_context()) as upstream,
        serving(
            tmp_path / "data", openai_base_url=upstream.url, ssl_cert_file=str(authority.ca), **IMPATIENT
        ) as gateway,
    ):
        answer = await gateway.ask(chat())

        assert (answer.status, answer.json["error"]["reason"]) == (502, "tls")
        await the_run(gateway, answer)
        assert upstream.seen == []
        await nothing_is_left(gateway)


@pytest.mark.parametrize("fault", ["reset", "half-body-close", "hang", "not-json"])
async def test_a_failed_attempt_that_may_have_cost_money_is_an_estimate_and_not_free(
    gateway: Running, fault: str
) -> None:
    answer = await gateway.ask(chat(), path="/v1/chat/completions", headers={"x-punk-app": fault})
    failed = await gateway.ask({**chat("a question of some length"), "model": f"fault-{fault}"})
    run = await gateway.run(failed.run_id)

    assert (answer.status, failed.status) == (200, 502)
    assert run["costUsd"] is None and run["priceKnown"] is False
    assert run["promptTokens"] > 0


async def test_a_refusal_by_the_provider_is_free(gateway: Running) -> None:
    refused = await gateway.ask({**chat(), "model": "fault-400"})

    assert (await gateway.run(refused.run_id))["costUsd"] == 0
