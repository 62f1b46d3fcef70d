"""Doctor asks the provider, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headgate.cli.checks.upstream import provider
from headgate.config import Settings


@asynccontextmanager
async def service(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A service that gives one answer to everything, and what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()
        await server.wait_closed()


def reply(status: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\ncontent-length: 2\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\n\r\n{{}}".encode()
    )


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        ("200 OK", "ok", "takes the key"),
        ("401 Unauthorized", "bad", "refuses the key"),
        ("403 Forbidden", "bad", "refuses the key"),
        ("404 Not Found", "warn", "no list of models"),
        ("429 Too Many Requests", "warn", "limits the rate"),
        ("500 Internal Server Error", "bad", "status 500"),
    ],
)
async def test_each_answer_has_its_finding(status: str, state: str, word: str) -> None:
    async with service(reply(status)) as (url, asked):
        answer, [finding] = await provider(Settings(openai_base_url=f"{url}/v1", openai_api_key="sk-test"))  # pyright: ignore[reportArgumentType]
    assert (finding.state, word in finding.what) == (state, True), finding
    assert answer is not None
    assert answer.date.startswith("Tue, 01 Jan 2030")
    assert asked[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"authorization: Bearer sk-test\r\n" in asked[0]
    assert "sk-test" not in finding.what + finding.cure


async def test_a_service_that_wants_a_key_says_so() -> None:
    async with service(reply("401 Unauthorized")) as (url, asked):
        _, [finding] = await provider(Settings(openai_base_url=url))
    assert "wants a key" in finding.what
    assert b"authorization" not in asked[0]


async def test_nobody_at_the_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer, [finding] = await provider(Settings(openai_base_url=f"http://127.0.0.1:{port}"))
    assert answer is None
    assert "(refused)" in finding.what
    assert "OPENAI_BASE_URL" in finding.cure


async def test_a_service_that_speaks_no_tls() -> None:
    async with service(reply("200 OK")) as (url, _):
        _, [finding] = await provider(Settings(openai_base_url=url.replace("http://", "https://")))
    assert finding.state == "bad"
    assert finding.cure


async def test_a_dead_proxy() -> None:
    _, [finding] = await provider(
        Settings(openai_base_url="https://api.invalid", https_proxy="http://127.0.0.1:1")
    )
    assert finding.state == "bad"
    assert "HTTPS_PROXY" in finding.cure


async def test_without_key_and_address_nobody_is_asked() -> None:
    answer, [finding] = await provider(Settings())
    assert answer is None
    assert "mock" in finding.what
