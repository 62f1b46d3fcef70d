"""The control socket: notices both ways, a worker that finds its gateway again, a file only its owner may open."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from headgate.store.control import MAX_LINE_BYTES, ControlClient, ControlServer, Notice


class Inbox:
    """Keeps what was heard."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Notice] = asyncio.Queue()

    async def hear(self, notice: Notice) -> None:
        await self.queue.put(notice)

    async def next(self) -> Notice:
        return await asyncio.wait_for(self.queue.get(), 10)


class Connected:
    """Counts connections and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    async def next(self) -> None:
        await asyncio.wait_for(self.event.wait(), 10)
        self.event.clear()


async def _until_peers(server: ControlServer, count: int) -> None:
    async with asyncio.timeout(10):
        while server.stats()["peers"] != count:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_notices_travel_in_both_directions(tmp_path: Path) -> None:
    path, gateway, worker, connected = tmp_path / "run" / "control.sock", Inbox(), Inbox(), Connected()
    server = ControlServer(path, gateway.hear)
    await server.start()
    client = ControlClient(path, worker.hear, on_connect=connected.event.set)
    client.start()
    await connected.next()
    await _until_peers(server, 1)
    server.send(Notice("modules", "ten_a", 7))
    assert client.send(Notice("prompts", "ten_b", 3))
    assert await worker.next() == Notice("modules", "ten_a", 7)
    assert await gateway.next() == Notice("prompts", "ten_b", 3)
    await client.close()
    await server.close()


@pytest.mark.asyncio
async def test_the_worker_connects_again_when_the_gateway_comes_back(tmp_path: Path) -> None:
    path, worker, connected = tmp_path / "control.sock", Inbox(), Connected()
    client = ControlClient(path, worker.hear, on_connect=connected.event.set)
    client.start()  # before there is a gateway
    for version in (1, 2):
        server = ControlServer(path, Inbox().hear)
        await server.start()
        await connected.next()
        await _until_peers(server, 1)
        server.send(Notice("keys", "ten_a", version))
        assert (await worker.next()).version == version
        await server.close()
    async with asyncio.timeout(10):
        while client.connected:
            await asyncio.sleep(0.01)
    assert client.send(Notice("keys", "ten_a", 3)) is False
    await client.close()


@pytest.mark.asyncio
async def test_only_the_owner_may_open_the_socket_however_deep_the_folder_lies(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    path, connected = folder / "control.sock", Connected()
    server = ControlServer(path, Inbox().hear)
    await server.start()
    client = ControlClient(path, Inbox().hear, on_connect=connected.event.set)
    client.start()
    await connected.next()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await client.close()
    await server.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("line", [b"not json\n", b"x" * (MAX_LINE_BYTES * 2) + b"\n"])
async def test_a_peer_that_talks_nonsense_is_cut_off_and_the_others_are_not(
    tmp_path: Path, line: bytes
) -> None:
    path, gateway, connected = tmp_path / "control.sock", Inbox(), Connected()
    server = ControlServer(path, gateway.hear)
    await server.start()
    client = ControlClient(path, Inbox().hear, on_connect=connected.event.set)
    client.start()
    await connected.next()
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(line)
    async with asyncio.timeout(10):
        await reader.read()  # the end of the connection
    writer.close()
    assert client.send(Notice("keys", "ten_a", 1))
    assert (await gateway.next()).part == "keys"
    await client.close()
    await server.close()


@pytest.mark.asyncio
async def test_a_peer_that_does_not_read_is_cut_off_instead_of_filling_memory(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    server = ControlServer(path, Inbox().hear)
    await server.start()
    _, writer = await asyncio.open_unix_connection(str(path), limit=1024)
    writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]  (a read transport as well)
    await _until_peers(server, 1)
    async with asyncio.timeout(20):
        while server.stats()["peers"]:
            for number in range(1000):
                server.send(Notice("keys", "t" * 60, number))
            await asyncio.sleep(0)
    writer.close()
    await server.close()
