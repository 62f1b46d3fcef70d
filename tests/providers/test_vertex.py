"""Google's tokens: asked for once, renewed before they end, with a real service account's signature."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from headgate.kernel.clock import SystemClock
from headgate.providers.styles import BadProvider, Request
from headgate.providers.upstream import Origin
from headgate.providers.vertex import GoogleTokens
from headgate.testing.clock import FixedClock

REQUEST = Request("google.generate", "/x", "m", False, b"")
ORIGIN = Origin("https", "x", 443)


class _Credentials:
    """What google-auth gives: it counts how often it was refreshed."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.count = 0
        self.token = ""
        self.expiry: datetime | None = None

    def refresh(self, transport: Any) -> None:
        self.count += 1
        self.token = f"ya29.{self.count}"
        self.expiry = datetime.fromtimestamp(self._clock.now() + 3600, UTC).replace(tzinfo=None)


async def test_a_token_lasts_and_is_renewed_before_it_ends(clock: FixedClock) -> None:
    given = _Credentials(clock)
    tokens = GoogleTokens(clock, credentials=given)
    await asyncio.gather(*(tokens.ready() for _ in range(5)))
    assert tokens.lines(ORIGIN, "/x", REQUEST) == (("authorization", "Bearer ya29.1"),)
    clock.advance(3000)
    assert not tokens.stale()
    clock.advance(400)
    assert tokens.stale()
    await tokens.ready()
    assert given.count == 2


async def test_a_service_account_signs_for_its_token(tmp_path: Path) -> None:
    """google-auth reads the file and asks the token address in it, which here is a real server of ours."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(
            next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")).split(
                b":"
            )[1]
        )
        asked.append(await reader.readexactly(size))
        body = b'{"access_token":"ya29.real","expires_in":3600,"token_type":"Bearer"}'
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        tokens = GoogleTokens(SystemClock(), str(account(tmp_path, f"http://127.0.0.1:{port}/token")))
        await tokens.ready()
    assert tokens.lines(ORIGIN, "/x", REQUEST) == (("authorization", "Bearer ya29.real"),)
    assert (
        b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" in asked[0]
        or b"assertion=" in asked[0]
    )


async def test_no_token_is_told_without_its_reasons_inside(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"private_key": "very-secret"}')
    with pytest.raises(BadProvider) as refusal:
        await GoogleTokens(FixedClock(), str(tmp_path / "broken.json")).ready()
    assert "very-secret" not in str(refusal.value)


def account(folder: Path, token_uri: str) -> Path:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "account.json"
    path.write_text(json.dumps({
        "type": "service_account", "client_email": "me@p.test", "private_key": key.decode(), "token_uri": token_uri,
        "project_id": "p",
    }))  # fmt: skip
    return path
