"""Events are bounded: the newest stay, the sums keep counting."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from headgate.govern.guardrails import events
from headgate.govern.guardrails.events import VerdictKeeper
from headgate.govern.guardrails.tables import guardrail_events, guardrail_stats
from headgate.kernel.ids import Ids
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from tests.govern.guardrails.recorded import judged


def keep_twelve(url: str, clock: FixedClock) -> None:
    keeper = VerdictKeeper(Ids(clock), clock)
    db = open_bulk(url)
    for number in range(12):
        with db.transaction():
            keeper.keep(
                db, [judged(f"run_{number}", clock), judged(f"other_{number}", clock, tenant="ten_b")]
            )
    db.close()


async def test_only_the_newest_events_stay(
    database: Database, database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT_EVENTS", 5)
    monkeypatch.setattr(events, "TRIM_EVERY", 10)
    await asyncio.to_thread(keep_twelve, database_url, clock)
    async with database.reading() as reading:
        runs = (
            (await reading.execute(sa.select(guardrail_events.c.run_id).order_by(guardrail_events.c.id)))
            .scalars()
            .all()
        )
        hits = (await reading.execute(sa.select(guardrail_stats.c.hits))).scalars().all()
    assert [run for run in runs if run.startswith("run_")][-5:] == [
        f"run_{number}" for number in range(7, 12)
    ]
    assert len([run for run in runs if run.startswith("run_")]) <= 7
    assert list(hits) == [12, 12]


def test_rules_of_modules_are_events_but_no_ledger_rows(clock: FixedClock, database_url: str) -> None:
    keeper = VerdictKeeper(Ids(clock), clock)
    db = open_bulk(database_url)
    with db.transaction():
        acts = keeper.keep(
            db, [judged("run_1", clock, named=False, action="block"), judged("run_2", clock, action="block")]
        )
    db.close()
    assert [act.run_id for _, act in acts] == ["run_2"]
