"""The worker's call port against a real HTTP server on a unix socket: credential, caller, identity headers, failures."""

from __future__ import annotations

import asyncio
import base64
import stat
from pathlib import Path

import msgspec
import pytest

from headgate.call.caller import Caller
from headgate.call.ports import Ask
from headgate.kernel.errors import Unavailable
from headgate.operate.jobs.call_port import SocketCallPort
from headgate.store.sockets import GATEWAY_SOCKET, listen, socket_path

pytestmark = pytest.mark.asyncio
CALLER = Caller(
    "ten_a", "internal", frozenset({"chat:write"}), mode="observe", key_id="key_1", provider_key="sk-secret"
)
REPLY = b"HTTP/1.1 403 Forbidden\r\nX-Punk-Run-Id: run_1\r\ncontent-length: 2\r\n\r\n{}"


class Gateway:
    """Answers each request with `REPLY`, or never, and keeps what it was sent."""

    def __init__(self, folder: Path, *, silent: bool = False) -> None:
        self._path = socket_path(folder, GATEWAY_SOCKET)
        self._silent = silent
        self.head: dict[str, str] = {}
        self.line = ""
        self.body = b""

    async def __aenter__(self) -> Gateway:
        self._server = await asyncio.start_unix_server(self._answer, sock=listen(self._path))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.line, *lines = head.strip().split("\r\n")
        self.head = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body = await reader.readexactly(int(self.head["content-length"]))
        if not self._silent:
            writer.write(REPLY)
            await writer.drain()
        await reader.read()
        writer.close()


async def test_a_call_carries_the_internal_credential_the_caller_and_the_identity(tmp_path: Path) -> None:
    async with Gateway(tmp_path) as gateway:
        port = SocketCallPort(tmp_path)
        answer = await port.ask(
            Ask("/v1/chat/completions", CALLER, b'{"model":"m"}', app="web", agent="bot", parent_run="run_0")
        )
        await port.close()
    token = tmp_path / "keys" / "internal.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert gateway.line == "POST /v1/chat/completions HTTP/1.1"
    assert gateway.head["authorization"] == f"Bearer {token.read_text()}" and token.read_text().startswith(
        "hg_internal_"
    )
    assert (gateway.head["x-punk-app"], gateway.head["x-punk-agent"]) == ("web", "bot")
    assert gateway.head["x-headgate-parent-run"] == "run_0" and "x-punk-subject" not in gateway.head
    sent = msgspec.msgpack.decode(base64.b64decode(gateway.head["x-headgate-as"]), type=Caller)
    assert (sent.tenant, sent.mode, sent.rights, sent.provider_key) == (
        "ten_a",
        "observe",
        frozenset({"chat:write"}),
        None,
    )
    assert gateway.body == b'{"model":"m"}'
    assert (answer.status, answer.body, answer.run_id) == (403, b"{}", "run_1")


async def test_without_a_gateway_the_call_is_unavailable_and_works_once_it_is_there(tmp_path: Path) -> None:
    port = SocketCallPort(tmp_path)
    ask = Ask("/v1/chat/completions", CALLER, b"{}")
    with pytest.raises(Unavailable):
        await port.ask(ask)
    async with Gateway(tmp_path):
        assert (await port.ask(ask)).status == 403
        await port.close()


async def test_a_gateway_that_never_answers_is_given_up(tmp_path: Path) -> None:
    async with Gateway(tmp_path, silent=True):
        port = SocketCallPort(tmp_path, timeout_s=0.1)
        with pytest.raises(Unavailable):
            await port.ask(Ask("/v1/chat/completions", CALLER, b"{}"))
        await port.close()


async def test_a_fresh_answer_is_asked_for_past_the_caches(tmp_path: Path) -> None:
    async with Gateway(tmp_path) as gateway:
        port = SocketCallPort(tmp_path)
        await port.ask(Ask("/v1/chat/completions", CALLER, b"{}", fresh=True))
        await port.close()
    assert gateway.head["x-headgate-cache"] == "bypass"
