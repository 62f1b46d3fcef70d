"""The parts of providers that live as long as the gateway, put together: the table, those that tenants added, health."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.kernel.clock import Clock
from headgate.operate.providers import service
from headgate.operate.providers.hot import Circuits, ProviderDesk
from headgate.providers.client import HttpClient
from headgate.providers.health import Health
from headgate.providers.prices import PriceBook
from headgate.providers.ssrf import Reach
from headgate.providers.table import ProviderTable
from headgate.store.engine import Database
from headgate.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Providing:
    """What the plane, dispatch and routes need of providers."""

    database: Database
    clock: Clock
    table: ProviderTable  # as it is at start
    health: Health
    prices: PriceBook
    reach: Reach
    sealer: Sealer

    @staticmethod
    async def build(settings: Any, database: Database, clock: Clock, prices: PriceBook) -> Providing:
        """The providers of the settings and of tenants. Raises providers.table.BadProvider."""
        table = ProviderTable.from_settings(settings, clock, prices.makers)
        reach = reach_of(settings)
        sealer = Sealer(settings.data_dir, service.PURPOSE)
        for tenant, own in (await service.load(database, sealer, reach)).items():
            table = table.with_tenant(tenant, own)
        return Providing(database, clock, table, Health(clock), prices, reach, sealer)

    @property
    def builders(self) -> dict[str, Callable[[Any, str], Awaitable[dict[str, Any]]]]:
        """Of the plane's parts."""
        rebuilt = service.builder(self.database, self.sealer, self.reach)

        async def build(plane: Any, tenant: str) -> dict[str, Any]:
            if not tenant:  # the price list is there, and says whose models are
                return {"providers": plane.providers.knowing(self.prices.makers)}
            return await rebuilt(plane, tenant)

        return {service.PART: build}

    async def warm(self, rebuild: Callable[[str, str], Awaitable[None]]) -> None:
        """Load the price list, and let the table ask it."""
        await self.prices.warm()
        await rebuild(service.PART, "")

    def desk(
        self, table: Callable[[], ProviderTable], circuits: Circuits, client: HttpClient
    ) -> Mapping[str, Any]:
        """What the routes find under this name in their `hot` parts."""
        return {
            "providers": ProviderDesk(table, self.health, circuits, client, self.clock, self.reach, self.sealer)
        }  # fmt: skip


def reach_of(settings: Any) -> Reach:
    """Private addresses are reached when the operator says so; in open mode whoever calls is the operator."""
    said = settings.allow_private_providers
    return Reach(private=not settings.protected if said is None else said)
