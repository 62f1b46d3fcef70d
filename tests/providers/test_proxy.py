"""Forward proxies: who goes through them, what they are told, and what their failures are called."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headgate.providers.client import ClientConfig, Deadlines, Origin, UpstreamFailure
from headgate.providers.proxy import ProxyRules, parse_proxy
from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer
from tests.providers.asking import QUICK, body_for, head_for, until
from tests.providers.conftest import MakeClient


class ForwardProxy:
    """Sends every tunnel and every absolute request to one server, or answers CONNECT with `refusal`."""

    def __init__(self) -> None:
        self.port = 0
        self.target = 0
        self.refusal = b""
        self.heads: list[str] = []
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            if self.refusal:
                writer.write(self.refusal)
                await writer.drain()
                return
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
            if head.startswith(b"CONNECT"):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                up_writer.write(head)
            await asyncio.gather(self.pump(reader, up_writer), self.pump(up_reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[ForwardProxy]:
    found = ForwardProxy()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await until(lambda: found.open == 0)


async def test_https_goes_through_a_tunnel_and_is_checked_end_to_end(
    proxy: ForwardProxy, authority: Authority, make_client: MakeClient
) -> None:
    context = authority.issue("api.example.test").server_context()
    client = make_client(ca_file=str(authority.ca), https_proxy=f"http://me:p%40ss@127.0.0.1:{proxy.port}")
    async with FaultServer(tls=context) as server:
        proxy.target = server.port
        origin = Origin("https", "api.example.test", 443)
        for _ in range(2):
            reply = await client.send(origin, head_for(), body_for("ok"), deadlines=Deadlines(), whole=True)
            assert reply.status == 200
        assert server.seen[0].path == "/v1/chat/completions"
        await client.close()
    first = proxy.heads[0]
    assert first.startswith("CONNECT api.example.test:443 HTTP/1.1\r\nhost: api.example.test:443\r\n")
    assert f"proxy-authorization: Basic {base64.b64encode(b'me:p@ss').decode()}\r\n" in first


async def test_a_tunnel_to_the_wrong_server_fails_its_certificate(
    proxy: ForwardProxy, authority: Authority, make_client: MakeClient
) -> None:
    context = authority.issue("other.example.test").server_context()
    client = make_client(ca_file=str(authority.ca), https_proxy=f"127.0.0.1:{proxy.port}")
    async with FaultServer(tls=context) as server:
        proxy.target = server.port
        with pytest.raises(UpstreamFailure) as failure:
            await client.send(
                Origin("https", "api.example.test", 443), head_for(), b"", deadlines=QUICK, whole=True
            )
        assert (failure.value.kind, failure.value.sent, server.seen) == ("tls", False, [])
        assert client.stats().open == 0


@pytest.mark.parametrize(
    "refusal",
    [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 Bad\r\n\r\n", b"garbage\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n\r\nearly bytes", b"x" * 20_000],
)  # fmt: skip
async def test_a_refused_tunnel_is_a_proxy_failure(
    refusal: bytes, proxy: ForwardProxy, make_client: MakeClient
) -> None:
    proxy.refusal = refusal
    client = make_client(https_proxy=f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(UpstreamFailure) as failure:
        await client.send(
            Origin("https", "api.example.test", 443), head_for(), b"", deadlines=QUICK, whole=True
        )
    assert (failure.value.kind, failure.value.sent) == ("proxy", False)
    assert client.stats().open == 0


async def test_plain_http_is_asked_of_the_proxy_with_the_whole_url(
    proxy: ForwardProxy, upstream: FaultServer, make_client: MakeClient
) -> None:
    proxy.target = upstream.port
    client = make_client(http_proxy=f"http://127.0.0.1:{proxy.port}")
    origin = Origin("http", "api.example.test", 8080)
    reply = await client.send(origin, head_for("/v1/x"), body_for("ok"), deadlines=QUICK, whole=True)
    assert reply.status == 200
    assert proxy.heads[0].startswith("POST http://api.example.test:8080/v1/x HTTP/1.1\r\nhost: test\r\n")


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("", "api.openai.com", 443, False),
        ("", "localhost", 443, True),
        ("", "127.0.0.9", 443, True),
        ("", "::1", 443, True),
        ("openai.com", "api.openai.com", 443, True),
        (".openai.com", "api.openai.com", 443, True),
        ("*.openai.com", "API.openai.com", 443, True),
        ("openai.com", "notopenai.com", 443, False),
        ("example.com, openai.com:8443", "api.openai.com", 443, False),
        ("example.com, openai.com:8443", "api.openai.com", 8443, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("fd00::/8", "fd00::5", 443, True),
        ("*", "anything.test", 443, True),
        ("com", "com", 443, True),
        (" , ,", "x.test", 443, False),
    ],
)
def test_who_goes_direct(no_proxy: str, host: str, port: int, direct: bool) -> None:
    rules = ProxyRules(ClientConfig(https_proxy="http://proxy.test:3128", no_proxy=no_proxy))
    assert (rules.proxy_for(Origin("https", host, port)) is None) is direct
    assert rules.proxy_for(Origin("http", host, port)) is None  # no http_proxy is set


@pytest.mark.parametrize("url", ["https://proxy.test", "socks5://proxy.test:1080", "http://"])
def test_proxies_we_cannot_use_are_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="proxy"):
        parse_proxy(url)
