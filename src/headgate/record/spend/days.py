"""What each payer spent on each day: written with the runs, read by caps and bills up to the last answered call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add as add_up
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed
from headgate.kernel.clock import iso
from headgate.kernel.money import to_usd
from headgate.record.spend import queries
from headgate.record.spend.caps import DAY_S, Payer, Payers, Scope, day_of, first_day, month_of
from headgate.record.spend.payers import payers_of_run, run_tags
from headgate.record.spend.queries import DaySum
from headgate.store.bulk import Bulk

NEVER_SPEND = frozenset({"ingest"})  # routes whose runs were paid for elsewhere

Days = dict[tuple[str, str, str, int], list[int]]


def tally(runs: Iterable[Closed]) -> Days:
    """The sums of some runs, by payer and day. The tenant as a whole has no row: each run has exactly one project."""
    sums: Days = {}
    for payers, day, sum_ in _alike(runs):
        for payer in payers.all():
            if payer.scope != "tenant":
                cell = sums.setdefault((payer.tenant, payer.scope, payer.name, day), [0, 0, 0, 0, 0])
                cell[:] = map(add_up, cell, sum_)
    return sums


def _alike(runs: Iterable[Closed]) -> Iterable[tuple[Payers, int, list[int]]]:
    """The sums of runs of the same payers on the same day: of many runs there are few of these."""
    groups: dict[tuple[Any, ...], tuple[Payers, int, list[int]]] = {}
    for run in runs:
        day, usage = day_of(run.at_us), run.usage
        tags = tuple(run_tags(run.metadata).items()) if run.metadata else ()
        key = (run.tenant, run.project, run.user_id, run.key_id, run.session, tags, day)
        group = groups.get(key)
        if group is None:
            group = groups[key] = (payers_of_run(run), day, [0, 0, 0, 0, 0])
        cell = group[2]
        cell[0] += 1
        if run.cost_pico and run.route not in NEVER_SPEND:
            cell[1] += run.cost_pico
        cell[2] += not run.price_known
        cell[3] += usage.prompt_tokens
        cell[4] += usage.completion_tokens
    return groups.values()


def add(db: Bulk, sums: Days) -> None:
    """Add to the stored sums, in the drain's transaction."""
    queries.add_days(db, [(*key, *cell) for key, cell in sums.items()])


def pending(runs: Iterable[Closed], scope: Scope, *, since_day: int) -> list[DaySum]:
    """What is written and not in the database yet, as rows of one scope."""
    return [
        DaySum(name, day, *cell)
        for (_, row_scope, name, day), cell in tally(runs).items()
        if row_scope == scope and day >= since_day
    ]


async def summary(
    db: AsyncConnection, payer: Payer, waiting: Sequence[Closed], *, now_us: int
) -> dict[str, Any]:
    """Today, this month, and the month's tokens of one payer."""
    today = day_of(now_us)
    rows = await rows_of(db, payer, waiting, since_day=first_day(month_of(today)))
    return _period(rows, today) | {
        "tokens_in": sum(row.prompt_tokens for row in rows),
        "tokens_out": sum(row.completion_tokens for row in rows),
        "requests": sum(row.runs for row in rows),
    }


async def rows_of(
    db: AsyncConnection, payer: Payer, waiting: Sequence[Closed], *, since_day: int
) -> list[DaySum]:
    """The sums of one payer (of all projects for the tenant) from a day on, what is not drained yet among them."""
    scope: Scope = "project" if payer.scope == "tenant" else payer.scope
    name = None if payer.scope == "tenant" else payer.name
    rows = await queries.days(db, payer.tenant, scope, name=name, since_day=since_day)
    rows += pending((run for run in waiting if run.tenant == payer.tenant), scope, since_day=since_day)
    return [row for row in rows if name is None or row.name == name]


async def by_project(
    db: AsyncConnection, tenant: str, waiting: Sequence[Closed], *, now_us: int
) -> dict[str, Any]:
    """Today and this month of each project that spent this month, and of all."""
    today = day_of(now_us)
    rows = await rows_of(db, Payer(tenant, "tenant", ""), waiting, since_day=first_day(month_of(today)))
    names = sorted({row.name for row in rows})
    return {
        "projects": {name: _period([row for row in rows if row.name == name], today) for name in names},
        "total": _period(rows, today),
    }


def _period(rows: Sequence[DaySum], today: int) -> dict[str, Any]:
    return {
        "today": to_usd(sum(row.cost_pico for row in rows if row.day == today)),
        "month": to_usd(sum(row.cost_pico for row in rows)),
        "unpriced": sum(row.unpriced for row in rows),
    }


async def history(
    db: AsyncConnection, payer: Payer, waiting: Sequence[Closed], *, since_day: int
) -> list[dict[str, Any]]:
    """What was spent on each day on which something was asked, oldest first."""
    rows = await rows_of(db, payer, waiting, since_day=since_day)
    return [
        {
            "date": iso(day * DAY_S * 1_000_000)[:10],
            "cost": to_usd(sum(row.cost_pico for row in rows if row.day == day)),
            "requests": sum(row.runs for row in rows if row.day == day),
            "tokens_in": sum(row.prompt_tokens for row in rows if row.day == day),
            "tokens_out": sum(row.completion_tokens for row in rows if row.day == day),
            "unpriced": sum(row.unpriced for row in rows if row.day == day),
        }
        for day in sorted({row.day for row in rows})
    ]
