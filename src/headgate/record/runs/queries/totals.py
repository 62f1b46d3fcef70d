"""Sums of runs by day and by the model that answered: what bills are held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.runs.tables import runs

DAY_US = 86_400_000_000
UNIT = 1_000_000  # money is summed in two halves, so that no sum passes 64 bits


class DayOfModel(NamedTuple):
    """What one provider's model did on one day."""

    day: int
    model: str
    runs: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    unpriced: int
    cost_pico: int


async def by_day_and_model(
    db: AsyncConnection, tenant: str, providers: tuple[str, ...], *, since_us: int, until_us: int
) -> list[DayOfModel]:
    """Live runs that one of `providers` answered, from `since_us` until before `until_us`."""
    table = runs.c
    cost = sa.func.coalesce(table.cost_pico, 0)
    day = table.at_us / sa.literal_column(str(DAY_US))
    query = sa.select(
        day.label("day"), table.served_model, sa.func.count(),
        *(sa.func.sum(table[name]) for name in ("prompt_tokens", "completion_tokens", "cached_tokens")),
        sa.func.sum(sa.case((table.price_known, 0), else_=1)),
        sa.func.sum(cost / sa.literal_column(str(UNIT))), sa.func.sum(cost % sa.literal_column(str(UNIT))),
    ).where(
        table.tenant == tenant, table.route == "live", table.provider.in_(providers), table.at_us >= since_us,
        table.at_us < until_us,
    ).group_by(day, table.served_model)  # fmt: skip
    found: list[DayOfModel] = []
    for row in await db.execute(query):
        day_number, model, *sums = row
        count, prompt, completion, cached, unpriced, high, low = map(int, sums)
        money = high * UNIT + low
        found.append(
            DayOfModel(int(day_number), str(model), count, prompt, completion, cached, unpriced, money)
        )
    return found


async def used(db: AsyncConnection, tenant: str, *, after: str, until_us: int, limit: int) -> Sequence[Any]:
    """Live runs behind the id `after`, in the order of their ids, that began before `until_us`: what they used and cost."""
    table = runs.c
    query = sa.select(
        table.id, table.at_us, table.app, table.project, table.model, table.served_model, table.provider,
        table.route, table.status, table.mode, table.key_id, table.session, table.cost_pico, table.price_known, table.details,
    ).where(
        table.tenant == tenant, table.id > after, table.route == "live", table.at_us < until_us
    ).order_by(table.id).limit(limit)  # fmt: skip
    return (await db.execute(query)).all()
