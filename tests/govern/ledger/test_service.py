"""The ledger: what waits gets its place in order, each tenant has a chain of its own, and changes are named."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from headgate.govern.ledger import service, walk
from headgate.govern.ledger.service import Act, append, verify
from headgate.govern.ledger.tables import ledger
from headgate.kernel.ids import Ids
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock


def act(clock: FixedClock, kind: str = "key.created") -> Act:
    clock.advance(1)
    return Act.now(Ids(clock), clock, kind=kind, actor="usr_1", detail={"b": 1, "a": 2})


def _number(url: str, chained: list[tuple[str, Act]]) -> int:
    db = open_bulk(url)
    with db.transaction():
        service.chain(db, chained)
        count = service.sequence(db)
    assert not service.has_waiting(db)
    db.close()
    return count


async def number(url: str, *chained: tuple[str, Act]) -> int:
    """As the drain does it: in a thread of its own."""
    return await asyncio.to_thread(_number, url, list(chained))


async def test_what_waits_is_counted_and_not_yet_vouched_for(database: Database, clock: FixedClock) -> None:
    async with database.writing() as db:
        await append(db, "ten_a", act(clock))
    async with database.reading() as db:
        verdict = await verify(db, "ten_a")

    assert (verdict.ok, verdict.rows, verdict.waiting) == (True, 0, 1)


async def test_rows_are_numbered_per_tenant_in_the_order_of_time(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    async with database.writing() as db:
        for tenant, kind in (("ten_a", "1"), ("ten_b", "1"), ("ten_a", "2")):
            await append(db, tenant, act(clock, kind))
    assert await number(database_url) == 3
    assert await number(database_url, ("ten_a", act(clock, "3"))) == 0

    async with database.reading() as db:
        query = sa.select(ledger.c.tenant, ledger.c.seq, ledger.c.kind).order_by(
            ledger.c.tenant, ledger.c.seq
        )
        assert [tuple(row) for row in await db.execute(query)] == [
            ("ten_a", 1, "1"), ("ten_a", 2, "2"), ("ten_a", 3, "3"), ("ten_b", 1, "1"),
        ]  # fmt: skip
        assert [(await verify(db, tenant)).rows for tenant in await service.tenants(db)] == [3, 1]


async def test_an_act_of_a_transaction_that_failed_never_was(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as db:
            await append(db, "ten_a", act(clock))
            raise ZeroDivisionError

    assert await number(database_url) == 0


@pytest.mark.parametrize(
    ("change", "first_bad"),
    [
        (ledger.update().where(ledger.c.seq == 2).values(actor="usr_2"), 2),
        (ledger.update().where(ledger.c.seq == 2).values(detail="{}"), 2),
        (ledger.delete().where(ledger.c.seq == 2), 3),
        (ledger.delete().where(ledger.c.seq == 3), 3),
        (ledger.delete(), 1),
    ],
)
async def test_whatever_is_changed_is_found(
    database: Database, database_url: str, clock: FixedClock, change: sa.Executable, first_bad: int
) -> None:
    await number(database_url, *(("ten_a", act(clock)) for _ in range(3)))
    async with database.writing() as db:
        await db.execute(change)
        verdict = await verify(db, "ten_a")

    assert not verdict.ok
    assert verdict.first_bad is not None
    assert verdict.first_bad[0] == first_bad


async def test_a_long_chain_is_walked_to_its_end(
    database: Database, database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 3)
    await number(database_url, *(("ten_a", act(clock)) for _ in range(7)))
    async with database.reading() as db:
        assert (await verify(db, "ten_a")).rows == 7
