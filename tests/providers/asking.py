"""How the provider tests ask: one request to a fault server, whole or streamed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from headgate.kernel import json
from headgate.providers.client import Deadlines, HttpClient, Origin, UpstreamReply
from headgate.testing.fault_server import FaultServer

QUICK = Deadlines(connect_s=2.0, first_byte_s=0.3, idle_s=0.3, total_s=5.0)


def origin_of(server: FaultServer, host: str = "") -> Origin:
    parts = urlsplit(server.url)
    return Origin(parts.scheme, host or str(parts.hostname), server.port)


def head_for(path: str = "/v1/chat/completions", method: str = "POST", *lines: str) -> bytes:
    every = [f"{method} {path} HTTP/1.1", "host: test", "accept-encoding: identity", *lines]
    return "".join(f"{line}\r\n" for line in every).encode()


def body_for(fault: str, *, stream: bool = False, user: str = "") -> bytes:
    return json.encode({"model": f"fault-{fault}", "stream": stream, "user": user, "messages": []})


async def ask(
    client: HttpClient,
    server: FaultServer,
    fault: str = "ok",
    *,
    stream: bool = False,
    deadlines: Deadlines = QUICK,
) -> UpstreamReply:
    body = body_for(fault, stream=stream, user=fault)
    return await client.send(origin_of(server), head_for(), body, deadlines=deadlines, whole=not stream)


async def gather(reply: UpstreamReply) -> bytes:
    return b"".join([piece async for piece in reply])


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; give up after five seconds."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")
