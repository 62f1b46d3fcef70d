"""Two scripted providers behind one gateway, the second a way out of the first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, good
from tests.gateway.conftest import Running, serving

IMPATIENT: dict[str, Any] = {
    "connect_timeout_s": 1.0, "first_byte_timeout_s": 0.4, "idle_timeout_s": 0.4, "total_timeout_s": 5.0,
}  # fmt: skip
CHAIN = [{"provider": "first", "model": "gpt-4o"}, {"provider": "second", "model": "gpt-4o-mini"}]
ALIVE = good(Asked("gpt-4o-mini"))


@asynccontextmanager
async def two(
    folder: Path, urls: tuple[str, str], failover: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Running]:
    """A gateway with the providers `first` and `second`, and the chain of both."""
    module = {"enabled": True, "chain": CHAIN} | (failover or {})
    providers = {
        name: {"base_url": f"{url}/v1", "api_key": f"sk-{name}"}
        for name, url in zip(("first", "second"), urls, strict=True)
    }
    given = IMPATIENT | {"providers": providers, "modules": {"failover": module}} | settings
    async with serving(folder, **given) as running:
        yield running


class Pair:
    """Both upstreams and the gateway before them."""

    def __init__(self, running: Running, first: FaultServer, second: FaultServer) -> None:
        self.running = running
        self.first = first
        self.second = second

    async def detail(self, run_id: str) -> dict[str, Any]:
        return (await self.running.get(f"/api/v1/runs/{run_id}")).json

    def queue(self, first: Script, *second: Script) -> None:
        self.first.queue(first)
        self.second.queue(*second)


@asynccontextmanager
async def pair(folder: Path, failover: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[Pair]:
    async with (
        FaultServer() as first,
        FaultServer() as second,
        two(folder, (first.url, second.url), failover, **settings) as gateway,
    ):
        yield Pair(gateway, first, second)
