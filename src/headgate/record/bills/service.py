"""Bills: hold a provider's export against the record, and count runs anew by prices that were learnt later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed, Usage
from headgate.kernel.clock import iso
from headgate.kernel.ids import ulid_floor
from headgate.providers.prices import PriceBook
from headgate.record.bills.comparing import Ours, compare, ours_by_key
from headgate.record.bills.exports import Export, Provider
from headgate.record.runs import service as runs
from headgate.record.spend import service as spend
from headgate.record.spend.service import Correction

PROVIDERS: dict[Provider, tuple[str, ...]] = {"openai": ("openai",), "anthropic": ("anthropic",)}
DAY_US = 86_400_000_000
PAGE = 500


async def reconcile(
    db: AsyncConnection, tenant: str, export: Export, waiting: Sequence[Closed], *, tolerance_pct: Decimal
) -> dict[str, Any]:
    """The report of `export`: the days that it covers, by model. `waiting` is what is not drained yet."""
    days = [line.day for line in export.lines]
    since_us, until_us = _start_us(min(days)), _start_us(max(days)) + DAY_US
    providers = PROVIDERS[export.provider]
    found = await runs.by_day_and_model(db, tenant, providers, since_us=since_us, until_us=until_us)
    rows = [
        (
            iso(row.day * DAY_US)[:10], row.model,
            Ours(row.runs, row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.cost_pico, row.unpriced),
        )
        for row in found
    ]  # fmt: skip
    rows += [
        (iso(run.at_us)[:10], run.served_model, _ours(run))
        for run in waiting
        if run.route == "live" and run.provider in providers and since_us <= run.at_us < until_us
    ]
    return compare(export, ours_by_key(rows), tolerance_pct=tolerance_pct)


def _ours(run: Closed) -> Ours:
    usage = run.usage
    return Ours(
        1, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, run.cost_pico or 0, int(not run.price_known)
    )  # fmt: skip


def _start_us(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000


@dataclass(slots=True)
class Repricing:
    """What counting anew came to so far. `after` is the last run that was looked at."""

    after: str
    until_us: int
    looked_at: int = 0
    changed: int = 0
    before_pico: int = 0
    after_pico: int = 0
    still_unpriced: int = 0
    last_us: int = 0
    done: bool = False

    @classmethod
    def of(cls, since_us: int, until_us: int) -> Repricing:
        return cls(f"run_{ulid_floor(max(since_us, 0) // 1000)}", until_us)


async def reprice_page(
    db: AsyncConnection, tenant: str, prices: PriceBook, state: Repricing, write: Callable[[], int] | None
) -> None:
    """Count a page of runs anew, each by the price of its own time. `write` gives the time of the correction; without it
    nothing is written. A run whose price is still unknown, or whose usage nobody told, stays as it is."""
    rows = await runs.used(db, tenant, after=state.after, until_us=state.until_us, limit=PAGE)
    before = await spend.corrected(db, tenant, [row.id for row in rows])
    corrections: list[Correction] = []
    for row in rows:
        details = runs.read_details(bytes(row.details))
        await prices.resolve(row.served_model, row.provider)
        state.looked_at += 1
        cost = _cost(prices, row, details.usage)
        if cost is None:
            state.still_unpriced += not (row.price_known or row.id in before)
            continue
        was_known = bool(row.price_known) or row.id in before
        was = before.get(row.id, row.cost_pico or 0)
        if was_known and was == cost:
            continue
        state.changed += 1
        state.before_pico += was
        state.after_pico += cost
        corrections.append(_correction(tenant, row, details, cost, (cost - was, 0 if was_known else -1)))
    if rows:
        state.after, state.last_us = rows[-1].id, rows[-1].at_us
    state.done = len(rows) < PAGE
    if write is not None and corrections:
        await spend.correct(db, tenant, corrections, write())


def _cost(prices: PriceBook, row: Any, usage: Usage) -> int | None:
    if not usage.known or not row.provider:
        return None
    return prices.cost(row.provider, row.served_model, usage, row.at_us / 1_000_000)


def _correction(tenant: str, row: Any, details: Any, cost: int, change: tuple[int, int]) -> Correction:
    day = row.at_us // DAY_US
    payers: list[tuple[str, str]] = [("project", row.project or "default")]
    for scope, name in (("user", details.user_id), ("key", row.key_id), ("session", row.session)):
        if name:
            payers.append((scope, name))
    payers += [("tag", f"{name}={value}") for name, value in spend.run_tags(details.metadata).items()]
    hour = (
        tenant, row.at_us - row.at_us % spend.HOUR_US, row.app, row.project, row.model, row.provider, row.route, row.status,
        row.mode,
    )  # fmt: skip
    return Correction(row.id, cost, *change, tuple((scope, name, day) for scope, name in payers), hour)
