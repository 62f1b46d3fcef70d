"""Clients of ASGI that leave: others who wait for the same answer get it, and nobody's call runs on for no one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, paced
from tests.gateway.conftest import Running, serving
from tests.gateway.http import Client, chat, request

ASKED = Asked("gpt-4o-mini", stream=True, include_usage=True)


@pytest.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


@pytest.fixture
async def gateway(upstream: FaultServer, tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-server"
    ) as running:
        yield running


def twin(gateway: Running) -> dict[str, str]:
    """Headers of a same-origin browser request, which the seam hands on to ASGI."""
    host = f"127.0.0.1:{gateway.port}"
    return {"origin": f"http://{host}", "host": host}


async def until_left(upstream: FaultServer) -> None:
    for _ in range(150):
        if upstream.left:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the upstream was not told")


async def test_a_streamed_leader_that_leaves_does_not_cancel_its_followers(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(paced(ASKED, pause_s=0.05))
    body = chat(temperature=0, stream=True)
    async with await Client.connect(gateway.port) as leader:
        leader.send(request(body, headers=twin(gateway)))
        await leader.head()
        await leader.chunk()
        follower = asyncio.ensure_future(gateway.ask(body))
        await asyncio.sleep(0.1)

    answer = await follower

    assert (answer.status, answer.headers["x-headgate-cache"]) == (200, "coalesced")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (len(upstream.seen), upstream.left) == (1, 0)
    assert sorted(run["status"] for run in await gateway.runs()) == ["completed", "completed"]


async def test_a_stream_whose_only_client_leaves_is_cancelled(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(paced(ASKED, pause_s=0.05))
    async with await Client.connect(gateway.port) as client:
        client.send(request(chat(stream=True), headers=twin(gateway)))
        await client.head()

    await until_left(upstream)
    assert (await gateway.runs())[0]["status"] == "cancelled"


async def test_a_running_request_with_another_behind_it_is_cancelled_when_the_client_leaves(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(Script(("hang",)))
    async with await Client.connect(gateway.port) as client:
        client.send(request(chat("one"), headers=twin(gateway)) + request(chat("two"), headers=twin(gateway)))
        for _ in range(100):
            if upstream.seen:
                break
            await asyncio.sleep(0.02)

    await until_left(upstream)
    assert len(upstream.seen) == 1
