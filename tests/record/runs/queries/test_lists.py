"""Finding runs by facets gives what looking at each of them gives, however they are spread over batches."""

from __future__ import annotations

import asyncio
import random

import pytest

from headgate.call.frames import Closed
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.keeping import Batch, Keeper
from headgate.record.runs.payloads import Vault
from headgate.record.runs.queries import lists
from headgate.record.runs.queries.reading import RunFilter
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.store.spool.spool import Position
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed


def filled(url: str, *, seed: int) -> list[Closed]:
    """Three hundred runs in batches of all sizes; long calls are kept later than they began."""
    pick = random.Random(seed)
    clock = FixedClock()
    ids = Ids(clock)
    runs: list[Closed] = []
    for _ in range(300):
        clock.advance(pick.random())
        runs.append(
            closed(
                ids.new("run"), at_us=int(clock.now() * 1e6), app=pick.choice(["a"] * 20 + ["rare"]),
                agent=pick.choice("xyz"), status=pick.choice(["completed"] * 30 + ["failed"]), request=b"", response=b"",
            )
        )  # fmt: skip
    late = [runs.pop(pick.randrange(len(runs))) for _ in range(40)]
    order = runs[:100] + late[:20] + runs[100:] + late[20:]
    keeper = Keeper("spool", Vault(b"k" * 32), SystemClock(), Ids(SystemClock()))
    db = open_bulk(url)
    at = 0
    while at < len(order):
        size = pick.randint(1, 30)
        with db.transaction():
            keeper.keep(db, Batch(runs=order[at : at + size]), Position(1, at))
        at += size
    db.close()
    return sorted(order, key=lambda run: run.run_id, reverse=True)


FILTERS = [
    {"app": "rare"}, {"app": "a"}, {"status": "failed"}, {"app": "a", "status": "failed"}, {"agent": "x", "app": "rare"},
    {"app": "none"}, {"agent": "y"}, {},
]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_page_of_every_filter_is_the_right_one(
    database: Database, database_url: str, seed: int
) -> None:
    everything = await asyncio.to_thread(filled, database_url, seed=seed)
    async with database.reading() as db:
        for wanted in FILTERS:
            right = [
                run.run_id
                for run in everything
                if all(getattr(run, name) == value for name, value in wanted.items())
            ]
            for limit, offset in ((7, 0), (50, 0), (10, 25), (500, 0), (5, 290)):
                found = await lists.page(db, "ten_default", RunFilter(**wanted), limit=limit, offset=offset)
                assert [row.id for row in found.rows] == right[offset : offset + limit], (
                    wanted,
                    limit,
                    offset,
                )
                assert found.total == len(right)
            before = everything[150].run_id
            older = [run_id for run_id in right if run_id < before]
            found = await lists.page(
                db, "ten_default", RunFilter(**wanted, before=before), limit=20, offset=0
            )
            assert ([row.id for row in found.rows], found.total) == (older[:20], len(older)), wanted
            assert not (await lists.page(db, "ten_other", RunFilter(**wanted), limit=20, offset=0)).rows
