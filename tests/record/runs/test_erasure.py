"""Erasing a subject reaches everything of it in its tenant, nothing of anybody else, and is in the ledger."""

from __future__ import annotations

import sqlalchemy as sa

from headgate.govern.ledger.tables import ledger
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.erasure import ERASED, Eraser
from headgate.record.runs.tables import payloads, runs
from headgate.testing.frames import closed
from headgate.testing.house import House

CLOCK = SystemClock()
IDS = Ids(CLOCK)


async def test_only_that_subject_of_that_tenant_is_erased_and_a_second_time_there_is_nothing(
    house: House,
) -> None:
    for tenant, subject in (("ten_default", "anna"), ("ten_default", "bert"), ("ten_b", "anna")):
        house.recorder.write(closed(IDS.new("run"), tenant=tenant, subject=subject, preview="secret"))
    assert await house.recorder.caught_up(5)
    async with house.services.database.writing() as db:
        first = await Eraser(IDS, CLOCK).erase(db, "ten_default", "anna", actor="usr_1")
        second = await Eraser(IDS, CLOCK).erase(db, "ten_default", "anna", actor="usr_1")
        left = await db.execute(
            sa.select(payloads.c.tenant, payloads.c.subject).where(payloads.c.data.is_not(None))
        )
        shown = await db.execute(sa.select(runs.c.tenant, runs.c.subject).where(runs.c.preview != ""))
        acts = await db.execute(sa.select(ledger.c.tenant, ledger.c.actor).where(ledger.c.kind == ERASED))
        others = {("ten_default", "bert"), ("ten_b", "anna")}

        assert {tuple(row) for row in left} == others == {tuple(row) for row in shown}
        assert [tuple(row) for row in acts] == [("ten_default", "usr_1")] * 2
    assert (first.keys, first.groups, first.runs) == (1, 1, 1)
    assert (second.keys, second.groups) == (0, 0)
