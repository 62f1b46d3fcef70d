"""Spend: sums are exact, whatever order the runs come in, and undrained ones are counted like drained ones."""

from __future__ import annotations

import asyncio
from typing import Any

from headgate.call.frames import Closed, Event, Late
from headgate.record.spend import service
from headgate.record.spend.queries import Period
from headgate.record.spend.service import HOUR_US, savings, tally
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.testing.frames import closed

HOUR = 1_767_225_600_000_000
EVERY = Period()


def _keep(url: str, runs: list[Closed]) -> None:
    db = open_bulk(url)
    with db.transaction():
        service.add(db, tally(runs))
    db.close()


async def keep(url: str, runs: list[Closed]) -> None:
    """As the drain does it: in a thread of its own."""
    await asyncio.to_thread(_keep, url, runs)


async def told(
    database: Database, period: Period = EVERY, pending: list[Closed] | None = None
) -> dict[str, Any]:
    async with database.reading() as db:
        return await savings(db, "ten_default", period, tally(pending or []))


async def test_sums_beyond_64_bits_are_exact(database: Database, database_url: str) -> None:
    """Nine million dollars are 2**63 pico-dollars: a sum of a few large rows must not wrap round or become a float."""
    for hour in range(4):
        await keep(database_url, [closed("run_1", at_us=HOUR + hour * HOUR_US, cost_pico=5 * 10**18 + 1)])

    async with database.reading() as db:
        rows = await service.queries.totals(db, "ten_default", EVERY)

    assert [row["cost_pico"] for row in rows] == [2 * 10**19 + 4]


async def test_undrained_runs_count_like_drained_ones(database: Database, database_url: str) -> None:
    runs = [closed("run_1"), closed("run_2", route="exact_cache", cost_pico=0, saved_pico=7, saved_ms=3)]
    fresh = await told(database, pending=runs)
    await keep(database_url, runs)

    assert await told(database) == fresh
    assert (fresh["totalRuns"], fresh["optimizedRuns"], fresh["totalSavedMs"]) == (2, 1, 3)


async def test_batches_add_up(database: Database, database_url: str) -> None:
    for _ in range(3):
        await keep(database_url, [closed("run_1"), closed("run_2", app="other")])

    assert (await told(database))["totalCostUsd"] == 0.00255
    assert (await told(database, Period(app="other")))["totalRuns"] == 3


async def test_a_period_has_its_first_hour_and_not_its_last(database: Database, database_url: str) -> None:
    runs = [closed("run_1", at_us=HOUR + n * HOUR_US + 5) for n in range(4)]
    await keep(database_url, runs[:2])
    period = Period(since_us=HOUR + HOUR_US, until_us=HOUR + 3 * HOUR_US)

    assert (await told(database, period, pending=runs[2:]))["totalRuns"] == 2


async def test_another_tenants_runs_are_not_counted(database: Database, database_url: str) -> None:
    theirs = [closed("run_1", tenant="ten_b")]
    await keep(database_url, theirs)

    assert (await told(database, pending=theirs))["totalRuns"] == 0


def test_an_unknown_cost_is_counted_as_unpriced_and_never_as_nothing() -> None:
    ((_, cell),) = tally([closed("run_1", cost_pico=None, price_known=False), closed("run_2")]).items()

    assert cell[:3] == [2, 425_000_000, 1]


def test_what_was_answered_elsewhere_is_never_spend() -> None:
    ((_, cell),) = tally([closed("run_1", route="ingest", cost_pico=5)]).items()

    assert cell[1] == 0


def test_web_fetches_count_in_the_run_or_afterwards_and_nonsense_does_not() -> None:
    def fetched(saved: object) -> Event:
        return Event(HOUR, "web.fetched", {"tokensSavedEstimate": saved})

    run = closed("run_1", events=[fetched(10), fetched(-5), fetched("x"), fetched(2**50)])
    sums = tally(
        [run], [Late("run_1", "ten_default", fetched(7)), Late("run_1", "ten_default", Event(HOUR, "a", {}))]
    )

    assert sorted(cell[9] for cell in sums.values()) == [7, 10]
    assert sum(cell[0] for cell in sums.values()) == 1


def test_rates_are_of_completed_runs_of_this_gateway() -> None:
    def row(runs: int, **of: str) -> dict[str, Any]:
        kind = {"status": "completed", "route": "live", "mode": "optimize"} | of
        return kind | dict.fromkeys(service.SUMS, 0) | {"runs": runs}

    body = service.summary(
        [
            row(4), row(3, route="exact_cache"), row(1, route="artifact"), row(9, route="ingest"), row(5, status="failed"),
            row(2, status="blocked", route="blocked"),
        ]
    )  # fmt: skip

    assert (body["completedRuns"], body["liveRuns"], body["blockedRuns"]) == (8, 9, 2)
    assert (body["cacheHitRate"], body["artifactHitRate"]) == (3 / 8, 1 / 8)


def test_nothing_yet_is_zero_and_no_division() -> None:
    assert service.summary([])["cacheHitRate"] == 0.0
