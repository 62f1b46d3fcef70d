"""The control socket: change notices between the gateway and its worker, as JSON lines over a unix socket.

A lost notice is no harm: versions are polled (`store.notices`). So nothing here waits for a slow peer: it is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks
from headgate.store.sockets import SocketPath, listen

log = get_log("control")

MAX_LINE_BYTES = 16 * 1024
MAX_UNSENT_BYTES = 256 * 1024
PING_EVERY_S = 10.0
SILENCE_S = 35.0  # a peer that says nothing for this long is gone
TELL_TIMEOUT_S = 2.0
RECONNECT_S = (0.05, 2.0)  # first and longest pause before the client tries again


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """`part` of `tenant` changed and now has `version` (0: whoever tells does not know it). An empty part is a ping."""

    part: str = ""
    tenant: str = ""
    version: int = 0


Handler = Callable[[Notice], Awaitable[None]]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Notice).decode
PING = Notice()


class _Peer:
    """One connection, either end: reads notices for the handler, writes notices and pings."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._pinger: asyncio.TimerHandle | None = None

    def send(self, notice: Notice) -> bool:
        """Write without waiting. False, and the connection is over, when the peer does not keep up."""
        if self._writer.is_closing():
            return False
        self._writer.write(_encode(notice) + b"\n")
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.warning("control.peer_too_slow")
            self._writer.transport.abort()
            return False
        return True

    def close(self) -> None:
        self._writer.close()

    async def talk(self) -> None:
        """Until the peer goes, falls silent or talks nonsense."""
        self._ping()
        try:
            while line := await asyncio.wait_for(self._reader.readline(), SILENCE_S):
                notice = _decode(line)
                if notice.part:
                    await self._handler(notice)
        except (OSError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
            log.info("control.connection_lost", error=repr(error))
        finally:
            if self._pinger is not None:
                self._pinger.cancel()
            self.close()

    def _ping(self) -> None:
        if self.send(PING):
            self._pinger = asyncio.get_running_loop().call_later(PING_EVERY_S, self._ping)


class ControlServer:
    """The gateway's end. `send` tells every connected worker."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._peers: set[_Peer] = set()
        self._server: asyncio.Server | None = None
        self.received = 0

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(
            self._welcome, sock=listen(self._path), limit=MAX_LINE_BYTES
        )

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(reader, writer, self._handle)
        self._peers.add(peer)
        try:
            await peer.talk()
        finally:
            self._peers.discard(peer)

    async def _handle(self, notice: Notice) -> None:
        self.received += 1
        await self._handler(notice)

    def send(self, notice: Notice) -> None:
        for peer in list(self._peers):
            peer.send(notice)

    def stats(self) -> dict[str, int]:
        return {"peers": len(self._peers), "received": self.received}

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for peer in list(self._peers):
                peer.close()
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)
            self._server = None


class ControlClient:
    """The worker's end. It connects again for as long as it runs; `on_connect` follows each new connection."""

    def __init__(self, path: Path, handler: Handler, *, on_connect: Callable[[], None] | None = None) -> None:
        self._path = path
        self._handler = handler
        self._on_connect = on_connect
        self._peer: _Peer | None = None
        self._tasks = Tasks()
        self.connections = 0

    @property
    def connected(self) -> bool:
        return self._peer is not None

    def start(self) -> None:
        self._tasks.spawn(self._stay_connected(), name="control.client")

    async def _stay_connected(self) -> None:
        first, longest = RECONNECT_S
        pause = first
        while True:
            if await self._once():
                pause = first
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _once(self) -> bool:
        """One connection from beginning to end. False when there was none."""
        usable: SocketPath | None = None
        try:
            usable = SocketPath(self._path)
            reader, writer = await asyncio.open_unix_connection(usable.text, limit=MAX_LINE_BYTES)
        except OSError:
            return False
        finally:
            if usable is not None:
                usable.close()
        self._peer = _Peer(reader, writer, self._handler)
        self.connections += 1
        if self._on_connect is not None:
            self._on_connect()
        try:
            await self._peer.talk()
        finally:
            self._peer = None
        return True

    def send(self, notice: Notice) -> bool:
        """Tell the gateway. False when there is no connection: the version poll will tell it then."""
        return self._peer is not None and self._peer.send(notice)

    async def close(self) -> None:
        if self._peer is not None:
            self._peer.close()
        await self._tasks.cancel_all(timeout_s=1.0)


async def tell_once(path: Path, notice: Notice) -> bool:
    """Tell the gateway at `path` of one change and hang up. False when no gateway listens there."""
    usable: SocketPath | None = None
    try:
        usable = SocketPath(path)
        reader, writer = await asyncio.open_unix_connection(usable.text)
    except OSError:
        return False
    finally:
        if usable is not None:
            usable.close()
    try:
        writer.write(_encode(notice) + b"\n")
        writer.write_eof()
        await asyncio.wait_for(
            reader.read(), TELL_TIMEOUT_S
        )  # it hangs up when it has acted; closing first would lose the line
    except (OSError, TimeoutError) as error:
        log.info("control.not_told", error=repr(error))
        return False
    finally:
        writer.close()
    return True
