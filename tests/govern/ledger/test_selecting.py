"""Rows of the ledger by what they belong to, however many newer ones there are; and the memory of the last verification."""

from __future__ import annotations

import httpx2
import pytest

from headgate.call.caller import DEFAULT_TENANT
from headgate.govern.ledger import selecting, service
from headgate.govern.ledger.routes import router
from headgate.kernel.clock import to_us
from headgate.testing.frames import closed
from headgate.testing.house import House

RUN = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"


async def put(house: House, *rows: tuple[str, str, str]) -> None:
    """Entries (kind, target, run)."""
    async with house.services.database.writing() as db:
        for kind, target, run_id in rows:
            act = service.Act.now(
                house.services.ids, house.clock, kind=kind, actor="a", target=target, run_id=run_id
            )
            await service.append(db, DEFAULT_TENANT, act)
    house.recorder.hurry()
    assert await house.recorder.caught_up(5)


async def test_a_run_has_its_rows_and_those_of_its_approvals_and_policies(house: House) -> None:
    await put(house, ("a", "apr_1", ""), ("b", "", RUN), ("c", "other", "run_2"), ("d", "policy", ""))
    await put(house, *[("noise", "elsewhere", "run_3")] * 300)

    async with house.services.database.reading() as db:
        found = await selecting.of_run(db, DEFAULT_TENANT, RUN, ["apr_1", "policy"], most=100)
        strange = await selecting.of_run(db, "ten_b", RUN, ["apr_1", "policy"], most=100)

    assert sorted(row.kind for row in found) == ["a", "b", "d"]
    assert not strange


async def test_the_batch_of_a_run_is_found_among_many(house: House) -> None:
    for number in range(30):
        house.clock.advance(1)
        house.recorder.write(closed(f"run_{number:02}", at_us=to_us(house.clock.now())))
        assert await house.recorder.caught_up(5)
    async with house.services.database.reading() as db:
        row = await selecting.of_batch(
            db, DEFAULT_TENANT, service.RUNS_RECORDED, 7, to_us(house.clock.now()) - 24_000_000
        )
        none = await selecting.of_batch(db, DEFAULT_TENANT, service.RUNS_RECORDED, 1_000, 0)

    assert row is not None and '"first":7,' in row.detail
    assert none is None


@pytest.mark.parametrize("mode", ["full", "incremental"])
async def test_what_verifying_came_to_is_remembered(house: House, mode: str) -> None:
    await put(house, ("a", "x", ""))
    client: httpx2.AsyncClient = house.client([router])
    async with house.services.database.reading() as db:
        assert await selecting.last_check(db, DEFAULT_TENANT) is None
    told = (await client.get(f"/api/trust/ledger/verify?mode={mode}")).json()

    async with house.services.database.reading() as db:
        check = await selecting.last_check(db, DEFAULT_TENANT)
        size = await selecting.size(db, DEFAULT_TENANT)

    assert check is not None
    assert (check.valid, check.rows, size) == (told["valid"], 1, 1)
