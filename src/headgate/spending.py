"""The parts of money that live as long as the gateway, put together: the purse, its caps, and the operator's prices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.kernel.clock import Clock
from headgate.kernel.ids import Ids
from headgate.kernel.tasks import Tasks
from headgate.providers.prices import PriceBook
from headgate.record.runs.hot import Recorder
from headgate.record.spend import alerts, capping, pricing
from headgate.record.spend.caps import Cap
from headgate.record.spend.hot import Purse
from headgate.record.spend.loading import Loader
from headgate.store.engine import Database


@dataclass(frozen=True, slots=True)
class Spending:
    """What the settler, modules and routes need of money."""

    database: Database
    clock: Clock
    ids: Ids
    purse: Purse
    prices: PriceBook
    settings_caps: tuple[Cap, ...]

    @staticmethod
    async def build(
        settings: Any, database: Database, recorder: Recorder, clock: Clock, ids: Ids
    ) -> Spending:
        """Caps and prices are read; what was spent is read when it is first asked for."""
        purse = Purse(clock, Loader(database, recorder, clock).load)
        prices = PriceBook(settings.prices, clock, settings.data_dir / "prices")
        caps = tuple(capping.from_settings(settings.projects, settings.caps))
        spending = Spending(database, clock, ids, purse, prices, caps)
        async with database.reading() as db:
            for tenant, own in (await capping.effective(db, caps)).items():
                purse.set_caps(tenant, own)
            prices.set_own(await pricing.own_prices(db))
        return spending

    @property
    def hot(self) -> Mapping[str, Any]:
        return {"purse": self.purse, "settings_caps": self.settings_caps}

    @property
    def builders(self) -> dict[str, Callable[[Any, str], Awaitable[dict[str, Any]]]]:
        """Of the plane's parts. Both change in place what the plane points to."""
        return {capping.PART: self._caps_changed, pricing.PRICES: self._prices_changed}

    def start(self, tasks: Tasks) -> None:
        tasks.spawn(alerts.watch(self.purse, self.database, self.ids, self.clock), name="spend.watch")

    async def _caps_changed(self, _plane: Any, tenant: str) -> dict[str, Any]:
        async with self.database.reading() as db:
            caps = await capping.effective(db, self.settings_caps, tenant)
        self.purse.set_caps(tenant, caps.get(tenant, []))
        return {}

    async def _prices_changed(self, _plane: Any, tenant: str) -> dict[str, Any]:
        async with self.database.reading() as db:
            self.prices.set_own(await pricing.own_prices(db))
        self.purse.forget(tenant)
        return {}
