"""Thresholds and refusals are announced once for each cap and period, also over restarts."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from headgate.operate.webhooks.tables import outbox
from headgate.record.spend import alerts
from headgate.record.spend.caps import Payer, day_of
from headgate.record.spend.hot import EXCEEDED, Alert, Purse
from headgate.testing.house import House
from tests.record.spend.spending import TENANT, Past

DAY = day_of(1_767_225_600_000_000)
ALICE = Payer(TENANT, "user", "alice")


def purse_with(house: House, *noted: Alert) -> Purse:
    purse = Purse(house.clock, Past().load)
    purse.alerts.extend(noted)
    return purse


async def announced(house: House) -> list[tuple[str, dict[str, Any]]]:
    async with house.services.database.reading() as db:
        rows = await db.execute(sa.select(outbox.c.name, outbox.c.data).order_by(outbox.c.id))
        return [(name, json.loads(data)) for name, data in rows]


async def tell(house: House, purse: Purse) -> int:
    return await alerts.announce(purse, house.services.database, house.services.ids, house.clock)


async def test_each_threshold_of_a_cap_is_told_once_in_a_period(house: House) -> None:
    fifty = Alert(ALICE, "daily", DAY, 10**12, 6 * 10**11, 50)
    assert await tell(house, purse_with(house, fifty, fifty)) == 1
    assert await tell(house, purse_with(house, fifty._replace(spent=7 * 10**11))) == 0, "after a restart"
    others = (
        fifty._replace(level=80),
        fifty._replace(day=DAY + 1),
        fifty._replace(limit=2 * 10**12),
        fifty._replace(period="monthly"),
    )
    assert await tell(house, purse_with(house, *others)) == 4
    name, data = (await announced(house))[0]
    assert name == "cost.threshold"
    assert data == {
        "scope": "user", "name": "alice", "period": "daily", "spent": 0.6, "cap": 1.0, "resets_at": "2026-01-02T00:00:00.000000Z",
        "project": None, "user_id": "alice", "threshold": 50,
    }  # fmt: skip


async def test_a_refusal_is_told_too(house: House) -> None:
    refusal = Alert(Payer(TENANT, "project", "web"), "monthly", DAY, 10**12, 10**12, EXCEEDED)
    assert await tell(house, purse_with(house, refusal, refusal)) == 1
    ((name, data),) = await announced(house)
    assert (name, data["project"], data["period"], data["resets_at"][:10]) == (
        "spend.cap_exceeded",
        "web",
        "monthly",
        "2026-02-01",
    )
    assert "threshold" not in data


async def test_nothing_waits_when_it_was_told(house: House) -> None:
    purse = purse_with(house, Alert(ALICE, "daily", DAY, 1, 1, 100))
    purse.alerted.set()
    await tell(house, purse)
    assert (len(purse.alerts), purse.alerted.is_set()) == (0, False)
