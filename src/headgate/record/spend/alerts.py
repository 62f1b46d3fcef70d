"""Telling of caps: each threshold of a period once, and a refusal once, whatever restarts come between."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.kernel.money import to_usd
from headgate.operate.webhooks import events
from headgate.operate.webhooks import service as webhooks
from headgate.operate.webhooks.service import Announcement
from headgate.record.spend import queries
from headgate.record.spend.capping import usd_text
from headgate.record.spend.caps import month_of, resets_at_s
from headgate.record.spend.hot import EXCEEDED, Alert, Purse
from headgate.store.engine import Database

log = get_log("spend")

SWEEP_S = 10.0  # how often holds that leaked are looked for
RETRY_S = 1.0
KEPT_US = 70 * 86_400 * 1_000_000  # a month and a bit: longer than any period


async def watch(purse: Purse, database: Database, ids: Ids, clock: Clock) -> None:
    """Announce what the purse notes, and let go of holds that leaked; a background task of the gateway."""
    while True:
        try:
            async with asyncio.timeout(SWEEP_S):
                await purse.alerted.wait()
        except TimeoutError:
            purse.sweep()
            continue
        try:
            await announce(purse, database, ids, clock)
        except (SQLAlchemyError, OSError) as error:  # the database may be gone for a while; the alerts wait
            log.warning("spend.alerts_wait", error=repr(error))
            await asyncio.sleep(RETRY_S)


async def announce(purse: Purse, database: Database, ids: Ids, clock: Clock) -> int:
    """Put what waits into the outbox, in one transaction; how many were new."""
    purse.alerted.clear()
    waiting = list(purse.alerts)
    new = 0
    try:
        async with database.writing() as db:
            for alert in waiting:
                new += await _tell(db, alert, ids, clock)
            await queries.drop_alerts(db, to_us(clock.now()) - KEPT_US)
    except (SQLAlchemyError, OSError):
        purse.alerted.set()
        raise
    for _ in waiting:
        purse.alerts.popleft()
    return new


async def _tell(db: AsyncConnection, alert: Alert, ids: Ids, clock: Clock) -> bool:
    payer = alert.payer
    row = {
        "tenant": payer.tenant, "scope": payer.scope, "name": payer.name, "period": alert.period,
        "number": alert.day if alert.period == "daily" else month_of(alert.day), "cap_usd": usd_text(alert.limit),
        "level": alert.level, "at_us": to_us(clock.now()),
    }  # fmt: skip
    if not await queries.note_alert(db, row):
        return False
    name = events.SPEND_CAP_EXCEEDED if alert.level == EXCEEDED else events.COST_THRESHOLD
    await webhooks.announce(db, payer.tenant, Announcement.now(ids, clock, name, _data(alert)))
    return True


def _data(alert: Alert) -> dict[str, Any]:
    payer = alert.payer
    data: dict[str, Any] = {
        "scope": payer.scope, "name": payer.name, "period": alert.period, "spent": to_usd(alert.spent),
        "cap": to_usd(alert.limit), "resets_at": iso(resets_at_s(alert.period, alert.day) * 1_000_000),
        "project": payer.name if payer.scope == "project" else None, "user_id": payer.name if payer.scope == "user" else None,
    }  # fmt: skip
    return data if alert.level == EXCEEDED else data | {"threshold": alert.level}
