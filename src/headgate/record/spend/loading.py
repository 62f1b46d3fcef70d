"""How a pot learns what was spent before it was there: from one snapshot of the database and the spool's undrained end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import Unavailable
from headgate.record.spend import queries
from headgate.record.spend.caps import Payer, day_of, first_day, month_of
from headgate.record.spend.days import NEVER_SPEND
from headgate.record.spend.payers import payers_of_run
from headgate.record.spend.pots import Balance
from headgate.store.dialect import one_snapshot
from headgate.store.engine import Database


class Undrained(Protocol):
    @property
    def runs(self) -> Sequence[Closed]: ...
    @property
    def partial(self) -> bool: ...


class Record(Protocol):
    """The recorder, as far as it is needed here."""

    @property
    def replaying(self) -> bool: ...
    async def tail(self, db: AsyncConnection, tenant: str) -> Undrained: ...


class Loader:
    """Reads the balances of payers. Fails closed: while the record is not complete, nothing is known."""

    def __init__(self, database: Database, record: Record, clock: Clock) -> None:
        self._database = database
        self._record = record
        self._clock = clock

    async def load(
        self, payers: Sequence[Payer], seen: Callable[[], set[str]]
    ) -> tuple[Mapping[Payer, Balance], frozenset[str]]:
        """The balances of `payers`, all of one tenant, and which of the runs of `seen` (asked after the snapshot)
        are in them. Raises Unavailable while earlier calls are still on their way into the database."""
        today = day_of(to_us(self._clock.now()))
        since_day = first_day(month_of(today) - 1)
        tenant = payers[0].tenant
        async with self._database.reading() as db:
            await one_snapshot(db)
            tail = await self._record.tail(db, tenant)
            if self._record.replaying or tail.partial:
                raise Unavailable(
                    "What was spent so far is still being read from the record.", headers={"Retry-After": "1"}
                )
            kept = {payer: await _kept(db, payer, since_day) for payer in payers}
            known = await queries.known_runs(db, tenant, seen())
        waiting: dict[Payer, dict[str, tuple[int, int]]] = {payer: {} for payer in payers}
        for run in tail.runs:
            if run.route in NEVER_SPEND or not run.cost_pico:
                continue
            for payer in payers_of_run(run).all():
                if payer in waiting:
                    waiting[payer][run.run_id] = (day_of(run.at_us), run.cost_pico)
        return {payer: Balance(kept[payer], waiting[payer]) for payer in payers}, frozenset(known)


async def _kept(db: AsyncConnection, payer: Payer, since_day: int) -> dict[int, int]:
    scope = "project" if payer.scope == "tenant" else payer.scope
    name = None if payer.scope == "tenant" else payer.name
    sums: dict[int, int] = {}
    for row in await queries.days(db, payer.tenant, scope, name=name, since_day=since_day):
        sums[row.day] = sums.get(row.day, 0) + row.cost_pico
    return sums
