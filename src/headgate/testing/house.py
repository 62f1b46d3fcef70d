"""A house for room tests: services with real parts on a real database, and HTTP clients at its door."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
from fastapi import FastAPI

from headgate.call.ports import Answer, Ask
from headgate.config import Settings
from headgate.gateway.upstreams.fleet import Fleet, FleetRules
from headgate.govern.agents.hot import AgentBook
from headgate.govern.approvals.hot import ApprovalBook, Gate, InfluenceBook
from headgate.govern.policies.hot import PolicyBook
from headgate.govern.policies.service import PolicyKeeper
from headgate.identity.accounts import service as accounts
from headgate.identity.keys import service as keys
from headgate.identity.keys.hot import Door, KeyUse
from headgate.identity.settings.hot import SettingsBook
from headgate.kernel.errors import Unavailable
from headgate.kernel.ids import Ids
from headgate.modules.catalog import Catalog
from headgate.operate.providers import service as providers
from headgate.operate.providers.hot import ProviderDesk
from headgate.providers.client import ClientConfig, HttpClient
from headgate.providers.health import Health
from headgate.providers.prices import PriceBook
from headgate.providers.ssrf import Reach
from headgate.providers.table import ProviderTable
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.rim.api import build_api
from headgate.rim.context import Services
from headgate.rim.router import Router
from headgate.store.engine import Database
from headgate.store.fast import MemoryStore
from headgate.store.sealing import Sealer
from headgate.testing.clock import FixedClock

SEGMENT_BYTES = 1024 * 1024
PRICES = Path(tempfile.gettempdir()) / "headgate-test-prices"  # exported once for all tests


class NoModels:
    """A call port with no gateway behind it."""

    async def ask(self, ask: Ask) -> Answer:
        raise Unavailable("There is no gateway in this house.")


class HouseNotices:
    """Rebuilds the door when keys change, as the plane does, and remembers what was told."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.told: list[tuple[str, str]] = []

    async def changed(self, part: str, tenant: str) -> None:
        self.told.append((part, tenant))
        if part == "keys":
            await self._house.reload_keys(tenant)
        elif part == "providers":
            await self._house.reload_providers(tenant)


def _governance(clock: FixedClock) -> dict[str, Any]:
    """What rooms find of governance: nothing is forbidden, and nobody has set anything."""
    book = ApprovalBook()
    book.is_ready = True
    return {
        "settings": SettingsBook(), "agents": AgentBook(), "approvals": book, "influences": InfluenceBook(),
        "gate": Gate(PolicyBook(), book, clock),
    }  # fmt: skip


class House:
    """Services, the door, and clients. A test may put more parts into `services.hot`."""

    def __init__(self, database: Database, clock: FixedClock, settings: Settings) -> None:
        self.clock = clock
        self.use = KeyUse()
        self.notices = HouseNotices(self)
        ids = Ids(clock)
        config = RecorderConfig(
            settings.data_dir, database.url, fsync="never", segment_bytes=SEGMENT_BYTES, drain_interval_ms=10
        )
        self.recorder = Recorder(config, clock, ids)
        self.cache = ResponseCache(CacheLimits(memory_bytes=SEGMENT_BYTES, disk_bytes=0), clock)
        hot: dict[str, Any] = {"recorder": self.recorder, "cache": self.cache, "fast": MemoryStore()}
        hot["modules"] = Catalog(settings)
        hot |= _governance(clock)
        hot["policies"] = PolicyKeeper(database, settings.data_dir / "policies")
        self.prices = PriceBook({}, clock, PRICES)
        self.client_out = HttpClient(ClientConfig())
        sealer, reach = Sealer(settings.data_dir, "providers"), Reach(private=True)
        self._rebuild_providers = providers.builder(database, sealer, reach)
        self._plane = SimpleNamespace(
            providers=ProviderTable.from_settings(settings, clock, self.prices.makers)
        )
        hot["prices"] = self.prices
        hot["providers"] = ProviderDesk(
            lambda: self._plane.providers, Health(clock), Fleet(clock, FleetRules()), self.client_out, clock, reach, sealer
        )  # fmt: skip
        self.services = Services(database, clock, ids, self.notices, self.recorder, NoModels(), settings, hot)
        self.door: Door
        self._clients: list[httpx2.AsyncClient] = []
        self._apps: list[FastAPI] = []

    @property
    def settings(self) -> Settings:
        return self.services.settings

    async def configure(self, **changes: Any) -> None:
        """Change settings, as a restart would: the door and every client's application follow."""
        self.services = replace(self.services, settings=replace(self.settings, **changes))
        for app in self._apps:
            app.state.services = self.services
        await self.load_door()

    async def load_door(self) -> Door:
        """Build the door anew."""
        async with self.services.database.reading() as db:
            self.door = await keys.load_door(db, self.settings, clock=self.clock, use=self.use)
        return self.door

    async def reload_providers(self, tenant: str) -> None:
        self._plane.providers = (await self._rebuild_providers(self._plane, tenant))["providers"]

    async def reload_keys(self, tenant: str) -> None:
        async with self.services.database.reading() as db:
            self.door = await keys.reload_keys(db, self.door, tenant)

    def app(self, routers: Sequence[Router]) -> FastAPI:
        """The application of `routers`."""
        app = build_api(self.services, routers, lambda: self.door)
        self._apps.append(app)
        return app

    def client(
        self, routers: Sequence[Router], *, key: str = "", headers: Mapping[str, str] | None = None
    ) -> httpx2.AsyncClient:
        """An HTTP client at an application of `routers`, with `key` as its bearer token."""
        app = self.app(routers)
        given = {"authorization": f"Bearer {key}"} if key else {}
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=("127.0.0.1", 50000))
        client = httpx2.AsyncClient(
            transport=transport, base_url="http://localhost:4100", headers={**given, **(headers or {})}
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        await self.client_out.close()
        await self.recorder.close()


async def build_house(database: Database, clock: FixedClock, data_dir: Path) -> House:
    """A house in open mode with the default tenant."""
    house = House(database, clock, Settings(data_dir=data_dir))
    async with database.writing() as db:
        await accounts.seed(db, clock)
    await house.load_door()
    await house.recorder.start()
    return house
