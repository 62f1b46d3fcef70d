"""The rules of the fleet come from the settings; its news are in the outbox of whoever owns the provider."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from headgate.fleet_news import FleetNews, fleet_rules
from headgate.gateway.upstreams.fleet import Change
from headgate.kernel.ids import Ids
from headgate.kernel.tasks import Tasks
from headgate.modules.shape.failover import Config
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock


def test_the_operator_says_when_a_circuit_opens() -> None:
    given = {
        "circuit_breaker": {"error_rate": 0.2, "min_samples": 3, "open_s": 900},
        "concurrency": {"groq": 5},
    }
    rules = fleet_rules(Config.model_validate(given))

    assert (rules.breaker.error_rate, rules.breaker.min_samples) == (0.2, 3)
    assert rules.breaker.max_open_s >= rules.breaker.open_s == 900
    assert rules.most == {"groq": 5}


@pytest.mark.parametrize(("owner", "tenant"), [("", "ten_default"), ("ten_1", "ten_1")])
async def test_who_owns_the_provider_is_told(
    database: Database, clock: FixedClock, owner: str, tenant: str
) -> None:
    tasks = Tasks()
    news = FleetNews(database, tasks, Ids(clock), clock)

    news.changed(Change("groq", owner, "k1", "llama", "open", 12, 0.75))
    for task in list(tasks._running):
        await task

    async with database.reading() as db:
        rows: Any = (await db.execute(text("SELECT tenant, name, data FROM outbox"))).all()
    assert [(row.tenant, row.name) for row in rows] == [(tenant, "provider.health_changed")]
    data = json.loads(rows[0].data)
    assert (data["provider"], data["status"], data["breaker"], data["errorRate"]) == (
        "groq",
        "unhealthy",
        "open",
        0.75,
    )
