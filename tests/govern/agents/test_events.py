"""The drain keeps when agents were seen, once a second at most, and never puts a later time back."""

from __future__ import annotations

import asyncio

from headgate.govern.agents import queries
from headgate.govern.agents.events import AgentKeeper
from headgate.kernel.ids import Ids
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed

SECOND = 1_000_000


async def test_the_last_time_moves_forward_only(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    def keep() -> None:
        db = open_bulk(database_url)
        keeper = AgentKeeper(Ids(clock))
        for at_s in (10, 10.5, 12, 11):
            with db.transaction():
                keeper.keep(db, [closed("run_1", agent="anna", at_us=int(at_s * SECOND))])
            keeper.forget()
        db.close()

    await asyncio.to_thread(keep)
    async with database.reading() as db:
        [row] = await queries.every(db, "ten_default")

    assert (row.first_us, row.last_us) == (10 * SECOND, 12 * SECOND)
