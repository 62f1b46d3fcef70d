"""The client against a server we did not write: nginx, plain and with TLS, in front of the fault server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from headgate.providers.client import Deadlines, Origin, UpstreamFailure
from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, events, whole_body
from tests.providers.asking import body_for, gather, head_for
from tests.providers.conftest import MakeClient

PATIENT = Deadlines(connect_s=5, first_byte_s=10, idle_s=10, total_s=20)

CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 1m;
  keepalive_requests 20;
  gzip on; gzip_min_length 1; gzip_types application/json;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl;
    ssl_certificate {cert}; ssl_certificate_key {key};
    root {folder};
    location /v1/ {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; proxy_buffering off; }}
    location /cut {{ return 444; }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    plain: Origin
    secure: Origin


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest_asyncio.fixture
async def nginx(tmp_path: Path, upstream: FaultServer, authority: Authority) -> AsyncIterator[Nginx]:
    binary = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if binary is None:
        why = "no nginx: install it to test the client against a real server"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    pair = authority.issue("localhost", "127.0.0.1")
    plain, tls = free_port(), free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        CONFIG.format(
            folder=tmp_path, plain=plain, tls=tls, cert=pair.cert, key=pair.key, upstream=upstream.port
        )
    )
    (tmp_path / "big.json").write_bytes(b"[" + b"1," * 1_500_000 + b"1]")
    process = await asyncio.create_subprocess_exec(
        binary, "-c", str(config), "-p", str(tmp_path), stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", tls), 0.2).close()
                break
            except OSError:
                await asyncio.sleep(0.02)
        yield Nginx(Origin("http", "127.0.0.1", plain), Origin("https", "localhost", tls))
    finally:
        process.terminate()
        await process.wait()


async def test_whole_answers_streams_and_files_pass(
    nginx: Nginx, authority: Authority, make_client: MakeClient
) -> None:
    client = make_client(ca_file=str(authority.ca))
    for origin in (nginx.plain, nginx.secure):
        reply = await client.send(origin, head_for(), body_for("ok"), deadlines=PATIENT, whole=True)
        assert reply.body == whole_body(Asked("fault-ok"))
        reply = await client.send(
            origin, head_for(), body_for("ok", stream=True), deadlines=PATIENT, whole=False
        )
        assert await gather(reply) == b"".join(events(Asked("fault-ok", stream=True)))
        reply = await client.send(origin, head_for("/big.json", "GET"), b"", deadlines=PATIENT, whole=True)
        assert len(reply.body) == 3_000_003
        head = head_for("/big.json", "GET").replace(b"identity", b"gzip")  # nginx then compresses in chunks
        packed = await client.send(origin, head, b"", deadlines=PATIENT, whole=True)
        assert packed.body == reply.body
        reply = await client.send(origin, head_for("/big.json", "HEAD"), b"", deadlines=PATIENT, whole=True)
        assert (reply.status, reply.body, reply.header(b"content-length")) == (200, b"", b"3000003")


async def test_two_hundred_calls_over_connections_nginx_keeps_ending(
    nginx: Nginx, upstream: FaultServer, authority: Authority, make_client: MakeClient
) -> None:
    """nginx closes a connection after 20 requests and says so; no call may fail or be doubled."""
    client = make_client(ca_file=str(authority.ca), per_host=8)

    async def one(number: int) -> int:
        origin = nginx.secure if number % 2 else nginx.plain
        body = body_for("ok", user=f"call-{number}", stream=number % 5 == 0)
        reply = await client.send(origin, head_for(), body, deadlines=PATIENT, whole=number % 5 != 0)
        await gather(reply)
        return reply.status

    assert set(await asyncio.gather(*[one(number) for number in range(200)])) == {200}
    assert set(upstream.by_id().values()) == {1}
    assert len(upstream.by_id()) == 200
    assert client.stats().reused > 100


async def test_refusals_and_a_silent_close(nginx: Nginx, make_client: MakeClient) -> None:
    client = make_client()
    reply = await client.send(
        nginx.plain, head_for(), b"x" * (8 * 1024 * 1024), deadlines=PATIENT, whole=True
    )
    assert reply.status == 413
    with pytest.raises(UpstreamFailure) as failure:
        await client.send(nginx.plain, head_for("/cut"), b"{}", deadlines=PATIENT, whole=True)
    assert (failure.value.kind, failure.value.sent) == ("reset", True)
