"""The statements of spend: the drain adds, requests sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.record.spend.tables import KEY, SUMS, spend_hours
from headgate.store.bulk import Bulk

MONEY = ("cost_pico", "saved_pico", "ghost_saved_pico")
UNIT = 1_000_000  # money is summed in two halves, so that no sum passes 64 bits

_ADD = (
    f"INSERT INTO spend_hours ({', '.join(KEY + SUMS)}) VALUES ({', '.join('?' * len(KEY + SUMS))}) "
    f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {', '.join(f'{name} = spend_hours.{name} + excluded.{name}' for name in SUMS)}"
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
