"""The fleet of providers and the rest of the house: its rules come from settings, its news go to the outbox and the log."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.call.caller import DEFAULT_TENANT
from headgate.call.module import ModuleConfig
from headgate.gateway.upstreams.breaker import BreakerRules
from headgate.gateway.upstreams.fleet import Change, FleetRules
from headgate.kernel.clock import Clock
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks
from headgate.modules.shape.failover import Config
from headgate.operate.webhooks.events import PROVIDER_HEALTH_CHANGED
from headgate.operate.webhooks.service import Announcement, announce
from headgate.store.engine import Database

log = get_log("providers")


@dataclass(frozen=True, slots=True)
class FleetNews:
    """Called by the fleet; what must wait for the database is a task of its own."""

    database: Database
    tasks: Tasks
    ids: Ids
    clock: Clock

    def changed(self, change: Change) -> None:
        log.warning(
            "provider.health_changed", provider=change.provider, key=change.key_ref, model=change.model, state=change.state
        )  # fmt: skip
        self.tasks.spawn(self._announce(change), name="providers.health_changed")

    async def _announce(self, change: Change) -> None:
        """The server's providers are the operator's, so its tenant is told; a tenant's own are its own."""
        data = {
            "provider": change.provider, "key": change.key_ref, "model": change.model,
            "status": "healthy" if change.state == "closed" else "unhealthy", "breaker": change.state,
            "calls": change.calls, "errorRate": change.error_rate,
        }  # fmt: skip
        told = Announcement.now(self.ids, self.clock, PROVIDER_HEALTH_CHANGED, data)
        async with self.database.writing() as db:
            await announce(db, change.tenant or DEFAULT_TENANT, told)


def fleet_rules(config: ModuleConfig) -> FleetRules:
    """What the server's settings of the module `failover` say of breakers and room."""
    assert isinstance(config, Config)
    circuit = config.circuit_breaker
    breaker = BreakerRules(
        circuit.window_s, circuit.min_samples, circuit.error_rate, circuit.open_s,
        max(BreakerRules().max_open_s, circuit.open_s), successes=circuit.successes,
    )  # fmt: skip
    return FleetRules(breaker, config.concurrency)
