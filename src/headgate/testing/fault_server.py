"""An upstream that misbehaves on request: an HTTP/1.1 server that answers by script and remembers who asked what.

Which script: the next one in the queue; else the one named by the path (`/fault/NAME/...`); else the one named by the
request's model (`fault-NAME`); else a good answer. `GET /_seen` tells what was seen, `POST /_forget` forgets it.
Run it with `python -m headgate.testing.fault_server --port 8091`.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import ssl
import struct
import sys
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from headgate.kernel import json
from headgate.testing.certificates import Certificate
from headgate.testing.faults import Asked, Script, answer, good, script_for

_MODEL_PREFIX = "fault-"
_MAX_BODY = 64 * 1024 * 1024
_LOST = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that arrived completely. `id` is the header `x-fault-id`, else the body's `user`; empty without either."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    model: str
    id: str
    connection: int


class FaultServer:
    """Use as `async with FaultServer() as server`; `queue` scripts, look at `seen`, `open` and `left`."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.seen: list[Seen] = []
        self.connections = 0  # ever accepted
        self.open = 0
        self.left = 0  # clients that went away before their answer was over
        self._tls = tls
        self._queue: deque[Script] = deque()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, ssl=self._tls, limit=1024 * 1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for _ in range(200):
            if self.open == 0:
                break
            await asyncio.sleep(0.005)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def queue(self, *scripts: Script) -> None:
        """The next requests are answered by these, whatever they ask."""
        self._queue.extend(scripts)

    def by_id(self) -> dict[str, int]:
        """How often each id was seen: a doubled request has more than one."""
        return dict(Counter(one.id for one in self.seen if one.id))

    def report(self) -> dict[str, Any]:
        """The bookkeeping as JSON-able data."""
        ids = self.by_id()
        return {
            "requests": len(self.seen),
            "connections": self.connections,
            "open": self.open,
            "left": self.left,
            "by_id": ids,
            "doubled": sorted(name for name, count in ids.items() if count > 1),
            "by_model": dict(Counter(one.model for one in self.seen)),
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        number = self.connections
        self._writers.add(writer)
        try:
            while (request := await self._read(reader, number)) is not None:
                if request.path.startswith("/_"):
                    await self._control(request, writer)
                    continue
                self.seen.append(request)
                if not await self._play(self._choose(request), reader, writer):
                    return
        except _LOST:
            self.left += 1
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Seen | None:
        """The next request, or None when the client has no more."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return None
        except ConnectionError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = min(int(headers.get("content-length", "0")), _MAX_BODY)
        body = await reader.readexactly(length)
        fields = _fields(body)
        ident = headers.get("x-fault-id") or str(fields.get("user") or "")
        return Seen(method, path, headers, body, str(fields.get("model") or ""), ident, number)

    def _choose(self, request: Seen) -> Script:
        fields = _fields(request.body)
        options = fields.get("stream_options")
        usage = isinstance(options, dict) and bool(cast("dict[str, Any]", options).get("include_usage"))
        asked = Asked(request.model or "gpt-4o-mini", bool(fields.get("stream")), usage)
        if self._queue:
            return self._queue.popleft()
        parts = request.path.split("/")
        name = parts[2] if len(parts) > 2 and parts[1] == "fault" else ""
        if not name and request.model.startswith(_MODEL_PREFIX):
            name = request.model.removeprefix(_MODEL_PREFIX)
        if not name and request.method == "GET" and request.path.endswith("/models"):
            return Script((answer(b'{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"}]}'),))
        found = script_for(name, asked) if name else good(asked)
        return found or Script((answer(b'{"error":{"message":"no such fault"}}', "404 Not Found"),))

    async def _play(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Run the steps; is the connection still good for another request?"""
        for step in script.steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, float):
                if await _left_within(reader, step):
                    self.left += 1
                    return False
            elif step == "hang":
                await _left_within(reader, None)
                self.left += 1
                return False
            else:
                await self._end(writer, reset=step == "reset")
                return False
        return True

    async def _end(self, writer: asyncio.StreamWriter, *, reset: bool) -> None:
        if reset:
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            writer.transport.abort()
            return
        writer.close()
        await writer.wait_closed()

    async def _control(self, request: Seen, writer: asyncio.StreamWriter) -> None:
        if request.path == "/_forget":
            self.seen.clear()
            self.left = 0
        writer.write(answer(json.encode(self.report())))
        await writer.drain()


def _fields(body: bytes) -> dict[str, Any]:
    try:
        found: object = json.decode(body) if body else {}
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


async def _left_within(reader: asyncio.StreamReader, seconds: float | None) -> bool:
    """Did the client leave, or send what nobody waits for, before the time was over?"""
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
    return True


async def _run(arguments: argparse.Namespace) -> None:
    tls = Certificate(arguments.cert, arguments.key).server_context() if arguments.cert else None
    async with FaultServer(tls=tls, port=arguments.port) as server:
        sys.stdout.write(f"fault server on {server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="An upstream that misbehaves on request.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    try:
        asyncio.run(_run(parser.parse_args()))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
