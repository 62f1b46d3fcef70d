"""The gateway may die at any point: what was held counts, what was settled counts once, and the cap holds all the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.call.frames import Opened
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.record.runs.tables import runs
from headgate.record.spend.caps import Cap, CapExceeded, Payer
from headgate.record.spend.hot import Purse
from headgate.record.spend.loading import Loader
from headgate.record.spend.tables import spend_days
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from tests.record.spend.spending import TENANT, admit, end_of, make_call

CAP = 1000
PROJECT = Payer(TENANT, "project", "default")
Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "begin", "end", "end", "drain", "die"]), st.integers(0, 150)), min_size=1, max_size=25
)  # fmt: skip


class Life:
    """A gateway's money: a recorder on a folder, a purse, and the calls in flight. It can die and come back."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.folder = folder
        self.clock = clock
        self.ids = Ids(clock)
        self.url = f"sqlite:///{folder / 'headgate.db'}"
        self.database = Database(self.url)
        self.settled: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.flying: list[Call] = []
        self.recorder: Recorder
        self.purse: Purse

    async def begin(self) -> None:
        config = RecorderConfig(
            self.folder, self.url, fsync="never", segment_bytes=256 * 1024, drain_interval_ms=5
        )
        self.recorder = Recorder(config, self.clock, self.ids)
        await self.recorder.start()
        self.purse = Purse(self.clock, Loader(self.database, self.recorder, self.clock).load)
        self.purse.set_caps(TENANT, [Cap(TENANT, "project", "default", CAP)])

    async def step(self, what: str, amount: int) -> None:
        if what == "begin":
            await self._begin_call(amount)
        elif what == "end" and self.flying:
            self._end_call(self.flying.pop(amount % len(self.flying)), amount)
        elif what == "drain":
            assert await self.recorder.caught_up(5)
        elif what == "die":
            await self.die()
            await self.begin()

    async def _begin_call(self, estimate: int) -> None:
        call = await admit(self.purse, make_call(self.clock, self.ids.new("run")))
        try:
            hold = self.purse.reserve(call, estimate)
        except CapExceeded:
            return
        assert hold is not None
        self.recorder.write(Opened(
            call.run_id, TENANT, call.received_us, call.wire, call.endpoint, "gpt-4o", "openai", "app", "agent", "", "key_1",
            "optimize", False, hold.pico, call.project, "usr_1",
        ))  # fmt: skip
        self.held[call.run_id] = hold.pico
        self.flying.append(call)

    def _end_call(self, call: Call, amount: int) -> None:
        cost = min(amount, self.held.pop(call.run_id))
        closed = end_of(call, cost)
        self.recorder.write(closed)
        self.purse.settle(closed)
        self.settled[call.run_id] = cost

    async def die(self) -> None:
        """As kill -9: nothing is drained or flushed, and what is in flight has no end."""
        drain = self.recorder._drain
        assert drain is not None
        drain._turn = lambda: None
        drain._replays.clear()
        await asyncio.to_thread(drain.stop, 5)
        for handle in self.recorder._locks:
            os.close(handle)
        for call in self.flying:
            self.settled[call.run_id] = self.held.pop(call.run_id)
        self.flying.clear()

    async def counters(self) -> tuple[int, int]:
        """Spent and held, as a new call finds them."""
        call = await admit(self.purse, make_call(self.clock, "run_looks"))
        counters = self.purse.counters(PROJECT, call.received_us)
        assert counters is not None
        return counters[0], counters[2]

    async def on_record(self) -> tuple[int, int]:
        """The sum of the runs, and the counter in the database."""
        assert await self.recorder.caught_up(5)
        async with self.database.reading() as db:
            total = (
                await db.execute(sa.select(sa.func.coalesce(sa.func.sum(runs.c.cost_pico), 0)))
            ).scalar_one()
            project = sa.select(sa.func.coalesce(sa.func.sum(spend_days.c.cost_pico), 0)).where(
                spend_days.c.scope == "project"
            )
            return int(total), int((await db.execute(project)).scalar_one())


async def live(folder: Path, steps: list[Step]) -> None:
    life = Life(folder, FixedClock())
    await life.begin()
    try:
        for what, amount in steps:
            await life.step(what, amount)
            spent, held = await life.counters()
            assert (spent, held) == (sum(life.settled.values()), sum(life.held.values()))
            assert spent + held <= CAP
        await life.step("die", 0)
        assert await life.on_record() == (sum(life.settled.values()),) * 2
        assert await life.counters() == (sum(life.settled.values()), 0)
    finally:
        await life.recorder.close(timeout_s=5)
        await life.database.dispose()


@pytest.mark.pain(3)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_a_crash_at_any_point_loses_no_money_and_leaks_no_hold(
    sqlite_template: Path, steps: list[Step]
) -> None:
    """Pain 3, budgets stuck or overshot: after any crash the counter is the sum of the runs, holds of dead calls count
    as their cost, nothing stays held, and spent and held never pass the cap."""
    with tempfile.TemporaryDirectory(prefix="money-") as folder:
        shutil.copy(sqlite_template, Path(folder) / "headgate.db")
        asyncio.run(live(Path(folder), steps))
