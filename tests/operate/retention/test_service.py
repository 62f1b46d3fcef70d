"""Retention on real rows: bodies go by age and by bytes, tombstones and ledger say so, the chains still verify."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
import sqlalchemy as sa

from headgate.call.frames import Closed, Event, Usage, encode_frame
from headgate.call.ports import Answer, Ask
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.tables import ledger as ledger_table
from headgate.kernel.clock import to_us
from headgate.kernel.errors import Unavailable
from headgate.kernel.ids import Ids
from headgate.operate.jobs.schemas import JobServices
from headgate.operate.retention.service import DAY_S, Limits, Retention
from headgate.operate.webhooks import service as webhooks
from headgate.operate.webhooks.events import RUN_BLOCKED
from headgate.operate.webhooks.tables import outbox
from headgate.record.runs.drain import keep_frames
from headgate.record.runs.keeping import CLOSED, Keeper
from headgate.record.runs.payloads import Vault
from headgate.record.runs.tables import payloads, responses, runs
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.store.spool.spool import Position
from headgate.testing.clock import FixedClock

pytestmark = pytest.mark.asyncio


class NoModels:
    """A call port with nothing behind it."""

    async def ask(self, ask: Ask) -> Answer:
        raise Unavailable("There is no gateway here.")


class NoPlane:
    """Notices that nobody hears."""

    async def changed(self, part: str, tenant: str) -> None:
        return


def _run(ids: Ids, clock: FixedClock, tenant: str, body: bytes) -> Closed:
    at_us = to_us(clock.now())
    return Closed(
        ids.new("run"), tenant, at_us, 1000, "completed", 200, "live", "openai.chat", "/v1/chat/completions", "app",
        "agent", "subject", "key", "", "optimize", False, "gpt-4o", "gpt-4o", "mock", Usage(), b"", 5, True, None, 0, "",
        None, "", "stop", "", "", 0, 0,
        [Event(at_us, "model.answered", {"ok": True})], {}, [], body, body, "", preview="what was asked",
    )  # fmt: skip


def _keep_a_day_of_runs(url: str, ids: Ids, clock: FixedClock, body_bytes: int) -> None:
    """One batch for each of two tenants, as the drain writes them."""
    bulk = open_bulk(url)
    try:
        keeper = Keeper("spool-0", Vault(b"k" * 32), clock, ids)
        for tenant in ("ten_a", "ten_b"):
            kept = [_run(ids, clock, tenant, os.urandom(body_bytes)) for _ in range(3)]
            frames: list[tuple[int, Any]] = [(CLOSED, encode_frame(run)) for run in kept]
            assert keep_frames(bulk, keeper, frames, Position(1, int(clock.now()))) == []
    finally:
        bulk.close()


def services(database: Database, clock: FixedClock, settings: object = None) -> JobServices:
    return JobServices(database, clock, Ids(clock), NoPlane(), NoModels(), settings)


async def days(database: Database, url: str, clock: FixedClock, days: int, body_bytes: int = 2000) -> None:
    """Runs on each of `days` days; the clock then stands one day after the last."""
    for _ in range(days):
        await asyncio.to_thread(_keep_a_day_of_runs, url, Ids(clock), clock, body_bytes)
        clock.advance(DAY_S)


async def all_rows(database: Database, statement: sa.Select[Any]) -> list[Any]:
    async with database.reading() as db:
        return list((await db.execute(statement)).all())


async def test_bodies_older_than_the_limit_become_tombstones_and_younger_ones_stay(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await days(database, database_url, clock, 4)
    clock.advance(-1)  # just before the limit of the third day
    told = await Retention(services(database, clock), Limits(2, 0)).by_age()
    assert (told["groups"], told["runs"]) == (4, 12)
    rows = await all_rows(database, sa.select(payloads).order_by(payloads.c.at_us))
    assert [(row.data is None, row.removed_why, row.removed_us) for row in rows] == [
        (True, "age", to_us(clock.now()))
    ] * 4 + [(False, None, None)] * 4
    assert told["bytes"] == sum(row.stored_bytes for row in rows[:4])


async def test_the_ledger_of_each_tenant_says_what_was_removed_and_its_chain_verifies(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await days(database, database_url, clock, 2)
    await Retention(services(database, clock), Limits(1, 0)).by_age()
    bulk = await asyncio.to_thread(open_bulk, database_url)

    def number() -> None:
        with bulk.transaction():
            ledger.sequence(bulk)

    await asyncio.to_thread(number)
    await asyncio.to_thread(bulk.close)
    acts = await all_rows(database, sa.select(ledger_table).where(ledger_table.c.kind == "retention.removed"))
    assert sorted(act.tenant for act in acts) == ["ten_a", "ten_b"]
    assert all('"why":"age"' in act.detail and '"runs":3' in act.detail for act in acts)
    async with database.reading() as db:
        for tenant in ("ten_a", "ten_b"):
            verdict = await ledger.verify(db, tenant)
            assert verdict.ok and not verdict.waiting


async def test_the_oldest_bodies_go_first_until_the_rest_is_within_the_bytes(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await days(database, database_url, clock, 5)
    before = await all_rows(database, sa.select(payloads).order_by(payloads.c.at_us, payloads.c.tenant))
    limit = sum(row.stored_bytes for row in before[4:]) + 10
    told = await Retention(services(database, clock), Limits(0, limit)).by_bytes()
    after = await all_rows(database, sa.select(payloads).order_by(payloads.c.at_us, payloads.c.tenant))
    assert told["groups"] == 4
    assert [row.data is None for row in after] == [True] * 4 + [False] * 6
    assert await Retention(services(database, clock), Limits(0, limit)).by_bytes() == {
        "groups": 0,
        "runs": 0,
        "bytes": 0,
    }


async def test_without_limits_nothing_is_removed(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await days(database, database_url, clock, 2)
    clock.advance(DAY_S * 1000)
    retention = Retention(services(database, clock), Limits(0, 0))
    assert (await retention.by_age())["groups"] == (await retention.by_bytes())["groups"] == 0
    assert await retention.previews() == {"runs": 0}
    assert await retention.old_events() == {"events": 0}
    assert await retention.old_responses() == {"responses": 0}


async def test_previews_of_old_runs_are_blanked_once_and_the_runs_stay(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await days(database, database_url, clock, 3)
    retention = Retention(services(database, clock), Limits(2, 0))
    clock.advance(-1)
    assert await retention.previews() == {"runs": 6}
    assert await retention.previews() == {"runs": 0}
    shown = [row.preview for row in await all_rows(database, sa.select(runs.c.preview).order_by(runs.c.seq))]
    assert shown == [""] * 6 + ["what was asked"] * 12


async def test_old_events_leave_the_outbox(database: Database, clock: FixedClock) -> None:
    given = services(database, clock)
    for _ in range(3):
        async with database.writing() as db:
            await webhooks.announce(
                db, "ten_a", webhooks.Announcement.now(given.ids, clock, RUN_BLOCKED, {"runId": "run_1"})
            )
        clock.advance(DAY_S)
    clock.advance(-1)
    assert await Retention(given, Limits(2, 0)).old_events() == {"events": 1}
    assert len(await all_rows(database, sa.select(outbox.c.id))) == 2


async def test_nothing_goes_on_from_responses_older_than_the_limit(
    database: Database, clock: FixedClock
) -> None:
    row = {
        "tenant": "t",
        "run_id": "run_1",
        "app": "a",
        "subject": "",
        "provider": "mock",
        "deleted_us": None,
    }
    async with database.writing() as db:
        for number, days in enumerate((5, 1)):
            at_us = to_us(clock.now() - days * DAY_S)
            await db.execute(sa.insert(responses).values(**row, id=f"resp_{number}", at_us=at_us))

    assert await Retention(services(database, clock), Limits(2, 0)).old_responses() == {"responses": 1}
    async with database.reading() as db:
        assert (await db.execute(sa.select(responses.c.id))).scalars().all() == ["resp_1"]
