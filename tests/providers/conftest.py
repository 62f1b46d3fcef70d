"""Fixtures of the provider tests: clients that must leave nothing behind, fault servers, a throw-away authority."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from headgate.providers.client import ClientConfig, HttpClient
from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The client runs on uvloop in the product."""
    return {"uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


MakeClient = Callable[..., HttpClient]


@pytest_asyncio.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    """Makes clients; at the end each must have nothing in flight and no one waiting, and close to nothing."""
    clients: list[HttpClient] = []

    def make(**settings: object) -> HttpClient:
        clients.append(HttpClient(ClientConfig(**settings)))  # pyright: ignore[reportArgumentType]
        return clients[-1]

    yield make
    for client in clients:
        stats = client.stats()
        assert (stats.in_flight, stats.waiting) == (0, 0), stats
        assert stats.open == stats.idle, stats
        await client.close()
        assert (client.stats().open, client.stats().idle) == (0, 0)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("authority")
    return Authority(folder)
