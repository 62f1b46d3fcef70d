"""TLS: certificates are always checked; bodies of any size pass."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from headgate.providers.client import Deadlines, HttpClient, Origin, UpstreamFailure
from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Script, answer
from tests.providers.asking import body_for, head_for, origin_of
from tests.providers.conftest import MakeClient


class TestTls:
    """Certificates are always checked."""

    async def send(self, client: HttpClient, server: FaultServer, host: str) -> int:
        origin = origin_of(server, host)
        reply = await client.send(
            origin, head_for(), body_for("ok"), deadlines=Deadlines(connect_s=5), whole=True
        )
        return reply.status

    async def test_a_trusted_certificate_is_accepted_and_the_connection_kept(
        self, authority: Authority, make_client: MakeClient
    ) -> None:
        context = authority.issue("localhost", "127.0.0.1").server_context()
        client = make_client(ca_file=str(authority.ca))
        async with FaultServer(tls=context) as server:
            assert [await self.send(client, server, "localhost") for _ in range(3)] == [200, 200, 200]
            assert client.stats().created <= 2  # a session ticket may still lie in the socket once
            assert await self.send(client, server, "127.0.0.1") == 200
            await client.close()

    @pytest.mark.parametrize("case", ["expired", "foreign name", "unknown authority"])
    async def test_a_bad_certificate_is_refused_before_anything_is_sent(
        self, case: str, authority: Authority, make_client: MakeClient
    ) -> None:
        name = "elsewhere.test" if case == "foreign name" else "localhost"
        context = authority.issue(name, expired=case == "expired").server_context()
        client = make_client(ca_file="" if case == "unknown authority" else str(authority.ca))
        async with FaultServer(tls=context) as server:
            with pytest.raises(UpstreamFailure) as failure:
                await self.send(client, server, "localhost")
            assert (failure.value.kind, failure.value.sent) == ("tls", False)
            assert server.seen == []

    async def test_a_plain_server_is_a_tls_failure(
        self, authority: Authority, make_client: MakeClient
    ) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(answer(b"speak plain", "400 Bad Request"))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = make_client(ca_file=str(authority.ca))
        with pytest.raises(UpstreamFailure) as failure:
            await client.send(
                Origin("https", "127.0.0.1", port),
                head_for(),
                b"",
                deadlines=Deadlines(connect_s=2),
                whole=True,
            )
        assert (failure.value.kind, failure.value.sent) == ("tls", False)
        server.close()


async def test_large_bodies_pass_through_tls_both_ways(authority: Authority, make_client: MakeClient) -> None:
    context = authority.issue("localhost").server_context()
    client = make_client(ca_file=str(authority.ca))
    body = gzip.compress(b"x") * 100_000
    async with FaultServer(tls=context) as server:
        server.queue(Script((answer(body),)))
        origin = origin_of(server, "localhost")
        reply = await client.send(origin, head_for(), body, deadlines=Deadlines(first_byte_s=20), whole=True)
        assert reply.body == body
        assert server.seen[0].body == body
        await client.close()
