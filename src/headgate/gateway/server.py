"""The listener: uvicorn with the fast seam, on TCP and on the unix socket of the worker, and the API behind it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from typing_extensions import override

from headgate.gateway.seam import SeamSettings, seam_class

Asgi = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG = 2048
KEEP_ALIVE_S = 75


@dataclass(frozen=True, slots=True)
class Manner:
    """How a listener serves: under which path, with which certificate and key, and how long it waits for calls at its end."""

    root_path: str = ""
    tls: tuple[str, str] | None = None
    grace_s: float = 30.0


class LazyApi:
    """The management API as an ASGI app that is built in a thread, so that `/v1` answers while it is still coming up."""

    def __init__(self, build: Callable[[], Asgi]) -> None:
        self._build = build
        self._app: asyncio.Future[Asgi] | None = None

    def start(self) -> asyncio.Future[Asgi]:
        """Begin to build, once."""
        if self._app is None:
            self._app = asyncio.get_running_loop().run_in_executor(None, self._build_for_good)
        return self._app

    def _build_for_good(self) -> Asgi:
        """What the API consists of stays: a collection that looked at it would hold up the loop for 15 ms."""
        app = self._build()
        gc.freeze()
        return app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = await asyncio.shield(self.start())
        await app(scope, receive, send)


class Listener(uvicorn.Server):
    """One TCP socket and one unix socket with the same protocol; calls on the unix socket are trusted."""

    def __init__(self, config: uvicorn.Config, seam: SeamSettings, unix_path: Path) -> None:
        super().__init__(config)
        self.seam = seam
        self._unix_path = unix_path
        self.on_started: Callable[[], None] = lambda: None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        self._unix_path.unlink(missing_ok=True)
        previous = os.umask(0o177)
        try:
            server = await loop.create_unix_server(self._protocol, path=str(self._unix_path), backlog=128)
        finally:
            os.umask(previous)
        self.servers.append(server)
        self.on_started()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """SIGTERM and SIGINT end the server in good order; unlike uvicorn's own, they are not raised again afterwards,
        so that the record is still drained."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state={})


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def listener(app: Asgi, seam: SeamSettings, unix_path: Path, manner: Manner) -> Listener:
    """A listener ready to `serve(sockets=[bind(...)])`."""
    config = uvicorn.Config(
        app,
        http=seam_class(seam),
        loop="none",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(manner.grace_s),
        root_path=manner.root_path,
        ssl_certfile=manner.tls[0] if manner.tls else None,
        ssl_keyfile=manner.tls[1] if manner.tls else None,
    )
    config.load()
    return Listener(config, seam, unix_path)
