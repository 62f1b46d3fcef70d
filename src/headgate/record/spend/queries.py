"""The statements of spend: the drain adds, requests sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.spend.tables import (
    DAY_KEY,
    DAY_SUMS,
    KEY,
    SUMS,
    cap_alerts,
    price_corrections,
    spend_caps,
    spend_days,
    spend_hours,
)
from headgate.record.spend.tables import price_rows as price_table
from headgate.store.bulk import Bulk
from headgate.store.dialect import insert_one, upsert

MONEY = ("cost_pico", "saved_pico", "ghost_saved_pico")
IN_AT_ONCE = 500
UNIT = 1_000_000  # money is summed in two halves, so that no sum passes 64 bits

_ADD = (
    f"INSERT INTO spend_hours ({', '.join(KEY + SUMS)}) VALUES ({', '.join('?' * len(KEY + SUMS))}) "
    f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {', '.join(f'{name} = spend_hours.{name} + excluded.{name}' for name in SUMS)}"
)

_ADD_DAY = (
    f"INSERT INTO spend_days ({', '.join(DAY_KEY + DAY_SUMS)}) VALUES ({', '.join('?' * len(DAY_KEY + DAY_SUMS))}) "
    f"ON CONFLICT ({', '.join(DAY_KEY)}) DO UPDATE SET "
    f"{', '.join(f'{name} = spend_days.{name} + excluded.{name}' for name in DAY_SUMS)}"
)


def add(db: Bulk, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add to the sums. In the order of the keys, so that two drains can't lock each other out."""
    for row in sorted(rows, key=lambda each: each[: len(KEY)]):
        db.run(_ADD, row)


class Period(NamedTuple):
    """Which hours and which app. Times are rounded down to the hour."""

    app: str | None = None
    since_us: int | None = None
    until_us: int | None = None


async def totals(db: AsyncConnection, tenant: str, period: Period) -> list[dict[str, Any]]:
    """The sums per route, status and mode."""
    table = spend_hours.c
    kinds = (table.route, table.status, table.mode)
    plain = [sa.func.sum(table[name]).label(name) for name in SUMS if name not in MONEY]
    halves = [sa.func.sum(table[name] / sa.literal_column(str(UNIT))).label(f"{name}_high") for name in MONEY]
    rests = [sa.func.sum(table[name] % sa.literal_column(str(UNIT))).label(f"{name}_low") for name in MONEY]
    query = sa.select(*kinds, *plain, *halves, *rests).where(table.tenant == tenant).group_by(*kinds)
    if period.app is not None:
        query = query.where(table.app == period.app)
    if period.since_us is not None:
        query = query.where(table.hour_us >= period.since_us)
    if period.until_us is not None:
        query = query.where(table.hour_us < period.until_us)
    rows: list[dict[str, Any]] = []
    for row in (await db.execute(query)).mappings():
        sums: dict[str, Any] = {name: row[name] for name in ("route", "status", "mode")}
        sums |= {name: int(row[name]) for name in SUMS if name not in MONEY}
        sums |= {name: int(row[f"{name}_high"]) * UNIT + int(row[f"{name}_low"]) for name in MONEY}
        rows.append(sums)
    return rows


class DaySum(NamedTuple):
    """What a payer spent on one day."""

    name: str
    day: int
    runs: int
    cost_pico: int
    unpriced: int
    prompt_tokens: int
    completion_tokens: int


def add_days(db: Bulk, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add to the sums of payers, in the order of the keys."""
    for row in sorted(rows, key=lambda each: each[: len(DAY_KEY)]):
        db.run(_ADD_DAY, row)


async def days(
    db: AsyncConnection, tenant: str, scope: str, *, name: str | None = None, since_day: int
) -> list[DaySum]:
    """The sums of one payer, or of every one of a scope, from a day on. Not added up: they may pass 64 bits."""
    table = spend_days.c
    chosen = [table[column] for column in ("name", "day", *DAY_SUMS)]
    query = sa.select(*chosen).where(table.tenant == tenant, table.scope == scope, table.day >= since_day)
    if name is not None:
        query = query.where(table.name == name)
    return [DaySum(*row) for row in await db.execute(query.order_by(table.day))]


async def caps(db: AsyncConnection, tenant: str | None = None) -> Sequence[sa.RowMapping]:
    """The caps of one tenant, or of all."""
    query = sa.select(spend_caps).order_by(spend_caps.c.scope, spend_caps.c.name)
    if tenant is not None:
        query = query.where(spend_caps.c.tenant == tenant)
    return (await db.execute(query)).mappings().all()


async def cap(db: AsyncConnection, tenant: str, scope: str, name: str) -> sa.RowMapping | None:
    table = spend_caps.c
    query = sa.select(spend_caps).where(table.tenant == tenant, table.scope == scope, table.name == name)
    return (await db.execute(query)).mappings().one_or_none()


async def put_cap(db: AsyncConnection, row: dict[str, Any]) -> None:
    await upsert(db, spend_caps, row, key=("tenant", "scope", "name"))


async def drop_cap(db: AsyncConnection, tenant: str, scope: str, name: str) -> bool:
    """False when there was none."""
    table = spend_caps.c
    gone = sa.delete(spend_caps).where(table.tenant == tenant, table.scope == scope, table.name == name)
    return (await db.execute(gone)).rowcount > 0


async def note_alert(db: AsyncConnection, row: dict[str, Any]) -> bool:
    """Remember that something was announced; False when it was before."""
    return await insert_one(db, cap_alerts, row)


async def drop_alerts(db: AsyncConnection, before_us: int) -> int:
    return (await db.execute(sa.delete(cap_alerts).where(cap_alerts.c.at_us < before_us))).rowcount


async def known_runs(db: AsyncConnection, tenant: str, run_ids: Iterable[str]) -> set[str]:
    """Which of these runs are in the database. The table of runs is another room's; only its key is asked for."""
    table = sa.table("runs", sa.column("tenant"), sa.column("id"))
    wanted, found = sorted(run_ids), set[str]()
    for at in range(0, len(wanted), IN_AT_ONCE):
        query = sa.select(table.c.id).where(
            table.c.tenant == tenant, table.c.id.in_(wanted[at : at + IN_AT_ONCE])
        )
        found.update(str(row[0]) for row in await db.execute(query))
    return found


async def price_rows(db: AsyncConnection) -> Sequence[sa.RowMapping]:
    """The operator's prices, newest first."""
    return (await db.execute(sa.select(price_table).order_by(price_table.c.id.desc()))).mappings().all()


async def add_price(db: AsyncConnection, row: dict[str, Any]) -> None:
    await db.execute(sa.insert(price_table).values(**row))


async def withdraw_price(db: AsyncConnection, price_id: str, now_us: int) -> bool:
    """False when there is no such price, or no longer."""
    table = price_table.c
    gone = (
        sa.update(price_table)
        .where(table.id == price_id, table.withdrawn_us.is_(None))
        .values(withdrawn_us=now_us)
    )
    return (await db.execute(gone)).rowcount > 0


class Correction(NamedTuple):
    """What a run costs by prices that were learnt later: which sums it is in, and by how much they change."""

    run_id: str
    cost_pico: int
    delta_pico: int
    unpriced: int  # -1 when it had no price before
    days: tuple[tuple[str, str, int], ...]  # scope, name, day
    hour: tuple[Any, ...]  # the key of `spend_hours`


async def corrected(db: AsyncConnection, tenant: str, run_ids: Sequence[str]) -> dict[str, int]:
    """What was corrected before: run id to cost."""
    table = price_corrections.c
    found = sa.select(table.run_id, table.cost_pico).where(table.tenant == tenant, table.run_id.in_(run_ids))
    return {str(run_id): int(cost) for run_id, cost in await db.execute(found)}


async def correct(db: AsyncConnection, tenant: str, corrections: Sequence[Correction], now_us: int) -> None:
    """Write corrections and change the sums they are in, in the order of the keys."""
    hours: dict[tuple[Any, ...], list[int]] = {}
    days_: dict[tuple[str, str, int], list[int]] = {}
    for each in corrections:
        row = {"tenant": tenant, "run_id": each.run_id, "cost_pico": each.cost_pico, "at_us": now_us}
        await upsert(db, price_corrections, row, key=("tenant", "run_id"))
        keys: list[tuple[dict[Any, list[int]], Any]] = [
            (hours, each.hour),
            *((days_, day) for day in each.days),
        ]
        for sums, key in keys:
            cell = sums.setdefault(key, [0, 0])
            cell[0] += each.delta_pico
            cell[1] += each.unpriced
    for key in sorted(hours):
        await _change(db, spend_hours, dict(zip(KEY, key, strict=True)), hours[key])
    for scope, name, day in sorted(days_):
        where = {"tenant": tenant, "scope": scope, "name": name, "day": day}
        await _change(db, spend_days, where, days_[scope, name, day])


async def _change(db: AsyncConnection, table: sa.Table, where: dict[str, Any], by: Sequence[int]) -> None:
    statement = sa.update(table).where(*(table.c[name] == value for name, value in where.items()))
    await db.execute(statement.values(cost_pico=table.c.cost_pico + by[0], unpriced=table.c.unpriced + by[1]))
