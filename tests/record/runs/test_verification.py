"""Verification finds what was changed, removed or put in, and names it; removing payloads is not damage."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.tables import ledger as ledger_table
from headgate.govern.ledger.tables import ledger_heads
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.erasure import Eraser
from headgate.record.runs.hot import Recorder
from headgate.record.runs.routes import router
from headgate.record.runs.tables import late_events, run_events, runs, subject_keys
from headgate.record.runs.verification import Report, verify_all
from headgate.testing.frames import closed
from headgate.testing.house import House

CLOCK = SystemClock()
IDS = Ids(CLOCK)


async def verified(house: House) -> Report:
    async with house.services.database.reading() as db:
        return await verify_all(db)


async def change(house: House, statement: sa.Executable) -> None:
    async with house.services.database.writing() as db:
        await db.execute(statement)


@pytest.fixture
async def ids(house: House, recorder: Recorder) -> list[str]:
    made = [IDS.new("run") for _ in range(6)]
    for number, run_id in enumerate(made):
        recorder.write(
            closed(
                run_id,
                tenant="ten_other" if number == 5 else "ten_default",
                subject="anna" if number < 3 else "",
            )
        )
    assert await recorder.caught_up(5)
    client = house.client([router])
    for name in ("one", "two"):
        assert (
            await client.post("/api/v1/trace", json={"runId": made[0], "type": name, "payload": {}})
        ).status_code == 200
    async with house.services.database.writing() as db:
        for number in range(3):
            await ledger.append(
                db,
                "ten_default",
                ledger.Act.now(IDS, CLOCK, kind="policy.denied", actor="tester", target=str(number)),
            )
    assert await recorder.caught_up(5)
    for _ in range(100):
        if not (await verified(house)).tenants[0].waiting:
            break
        recorder.write(closed(IDS.new("run"), tenant="ten_third"))
        assert await recorder.caught_up(5)
    return made


async def test_an_untouched_record_is_sound(house: House, ids: list[str]) -> None:
    report = await verified(house)
    assert report.ok, report
    counts = {each.tenant: (each.runs, each.events) for each in report.tenants}
    assert (counts["ten_default"], counts["ten_other"]) == ((5, 10), (1, 2))


async def test_a_changed_event_is_named(house: House, ids: list[str]) -> None:
    seq = sa.select(runs.c.seq).where(runs.c.id == ids[3]).scalar_subquery()
    async with house.services.database.writing() as db:
        chain = (
            await db.execute(sa.select(run_events.c.chain).where(run_events.c.run_seq == seq))
        ).scalar_one()
        await db.execute(
            run_events.update()
            .where(run_events.c.run_seq == seq)
            .values(chain=chain.replace(b"model.called", b"model.cabled"))
        )
    problems = [problem for each in (await verified(house)).tenants for problem in each.problems]
    assert [(problem.id, problem.index) for problem in problems] == [(ids[3], 0)]


@pytest.mark.parametrize(
    "change_of",
    [
        {"cost_pico": 1},
        {"status": "blocked"},
        {"prompt_tokens": 1},
        {"provider": "other"},
        {"price_known": False},
    ],
)
async def test_a_run_whose_money_or_outcome_was_changed_is_named(
    house: House, ids: list[str], change_of: dict[str, object]
) -> None:
    await change(house, runs.update().where(runs.c.id == ids[2]).values(change_of))

    report = await verified(house)
    problems = [problem for tenant in report.tenants for problem in tenant.problems]

    assert [(problem.what, problem.id) for problem in problems] == [("run", ids[2])]
    assert "money" in problems[0].reason


async def test_a_removed_run_a_removed_late_event_and_a_run_put_in_are_found(
    house: House, ids: list[str]
) -> None:
    await change(house, runs.delete().where(runs.c.id == ids[4]))
    assert not (await verified(house)).ok
    await change(house, late_events.delete().where(late_events.c.number == 1))
    problems = [problem.id for each in (await verified(house)).tenants for problem in each.problems]
    assert ids[0] in problems


async def test_a_rebuilt_head_does_not_hide_a_changed_run(house: House, ids: list[str]) -> None:
    await change(house, runs.update().where(runs.c.id == ids[1]).values(head=b"\0" * 32))
    assert not (await verified(house)).ok


@pytest.mark.parametrize("field", ["actor", "id", "decision", "detail"])
async def test_a_changed_ledger_row_is_named(house: House, ids: list[str], field: str) -> None:
    row = sa.and_(ledger_table.c.kind == "policy.denied", ledger_table.c.target == "1")
    await change(house, ledger_table.update().where(row).values({field: "changed"}))
    async with house.services.database.reading() as db:
        changed = (await db.execute(sa.select(ledger_table).where(row))).one()
        verdict = await ledger.verify(db, "ten_default")
    assert verdict.first_bad == (changed.seq, changed.id)


async def test_a_removed_row_in_the_middle_or_at_the_end_is_found(house: House, ids: list[str]) -> None:
    async with house.services.database.reading() as db:
        last = (
            await db.execute(
                sa.select(sa.func.max(ledger_table.c.seq)).where(ledger_table.c.tenant == "ten_default")
            )
        ).scalar_one()
    await change(
        house, ledger_table.delete().where(ledger_table.c.tenant == "ten_default", ledger_table.c.seq == last)
    )
    async with house.services.database.reading() as db:
        assert (await ledger.verify(db, "ten_default")).reason == "the end of the chain is missing"
    await change(
        house, ledger_table.delete().where(ledger_table.c.tenant == "ten_default", ledger_table.c.seq == 2)
    )
    async with house.services.database.reading() as db:
        verdict = await ledger.verify(db, "ten_default")
    assert (verdict.ok, verdict.rows) == (False, 1)


async def test_acts_without_a_place_yet_are_counted_not_bad(house: House) -> None:
    async with house.services.database.writing() as db:
        await ledger.append(db, "ten_new", ledger.Act.now(IDS, CLOCK, kind="a", actor="b"))
        await db.execute(ledger_heads.delete())
        verdict = await ledger.verify(db, "ten_new")
        assert (verdict.ok, verdict.waiting) == (True, 1)


async def test_erasing_a_subject_destroys_its_key_and_nothing_else(
    house: House, recorder: Recorder, ids: list[str]
) -> None:
    client = house.client([router])
    async with house.services.database.writing() as db:
        erasure = await Eraser(IDS, CLOCK).erase(db, "ten_default", "anna", actor="tester")
        wrapped = (
            (await db.execute(sa.select(subject_keys.c.wrapped).where(subject_keys.c.subject == "anna")))
            .scalars()
            .all()
        )
    assert (erasure.keys, erasure.runs, wrapped) == (1, 3, [None])
    erased = (await client.get(f"/api/v1/runs/{ids[0]}")).json()["run"]
    assert (erased["request"], erased["preview"], erased["payloadRemoved"]["why"]) == (
        None,
        "",
        "subject erased",
    )
    assert (await client.get(f"/api/v1/runs/{ids[3]}")).json()["run"]["request"] == {"model": "gpt-4o"}
    assert (await verified(house)).ok
    later = IDS.new("run")
    recorder.write(closed(later, subject="anna"))
    assert (await client.get(f"/api/v1/runs/{later}")).json()["run"]["request"] == {"model": "gpt-4o"}
