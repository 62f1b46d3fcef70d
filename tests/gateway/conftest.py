"""A whole gateway in this process, on a free port, in front of the mock provider or a scripted upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from headgate.app import House, build, make_listener
from headgate.config import Settings
from headgate.gateway.server import Listener, bind
from headgate.store.folder import prepare_folder
from headgate.store.migrate import migrate
from tests.gateway.http import Answer, Client


class Running:
    """A gateway that serves."""

    def __init__(self, house: House, server: Listener, port: int) -> None:
        self.house = house
        self.server = server
        self.port = port
        self.max_body = house.floor.settings.max_body_bytes

    async def client(self) -> Client:
        return await Client.connect(self.port)

    async def get(self, path: str, **headers: str) -> Answer:
        async with await self.client() as client:
            return await client.ask(b"", path=path, method="GET", headers=headers)

    async def ask(self, body: Any, **more: Any) -> Answer:
        async with await self.client() as client:
            return await client.ask(body, **more)

    async def run(self, run_id: str) -> dict[str, Any]:
        return (await self.get(f"/api/v1/runs/{run_id}")).json["run"]

    async def runs(self, query: str = "") -> list[dict[str, Any]]:
        return (await self.get(f"/api/v1/runs{query}")).json["runs"]


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[Running]:
    """A gateway on `folder`, ended in good order."""
    small: dict[str, Any] = {"spool_segment_bytes": 4 * 2**20, "max_body_bytes": 2**20}
    made = Settings(data_dir=folder, worker=False, port=0, **(small | settings))
    prepare_folder(folder)
    await asyncio.to_thread(migrate, made.main_db_url)
    sock = bind("127.0.0.1", 0)
    house = await build(made)
    await house.start()
    server = make_listener(house)
    started = asyncio.Event()
    server.on_started = started.set
    port = sock.getsockname()[1]
    serve = asyncio.ensure_future(server._serve(sockets=[sock]))  # without the signal handlers of `serve`
    await asyncio.wait_for(started.wait(), 10)
    try:
        yield Running(house, server, port)
    finally:
        server.should_exit = True
        await asyncio.wait_for(serve, 10)
        await house.close()


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(tmp_path / "data") as gateway:
        yield gateway
