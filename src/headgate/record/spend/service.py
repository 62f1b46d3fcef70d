"""What was spent and saved. `tally` turns frames into sums; the drain adds them; `savings` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed, Event, Late
from headgate.kernel.money import to_usd
from headgate.record.spend import days, queries
from headgate.record.spend.payers import run_tags as run_tags  # noqa: PLC0414 given on
from headgate.record.spend.pricing import PRICES as PRICES  # noqa: PLC0414 given on
from headgate.record.spend.pricing import PriceDraft as PriceDraft  # noqa: PLC0414 given on
from headgate.record.spend.pricing import own_prices as own_prices  # noqa: PLC0414 given on
from headgate.record.spend.pricing import prices as prices  # noqa: PLC0414 given on
from headgate.record.spend.pricing import set_price as set_price  # noqa: PLC0414 given on
from headgate.record.spend.pricing import withdraw_price as withdraw_price  # noqa: PLC0414 given on
from headgate.record.spend.queries import Correction as Correction  # noqa: PLC0414 given on
from headgate.record.spend.queries import Period
from headgate.record.spend.queries import correct as correct  # noqa: PLC0414 given on
from headgate.record.spend.queries import corrected as corrected  # noqa: PLC0414 given on
from headgate.record.spend.tables import KEY, SUMS
from headgate.store.bulk import Bulk

HOUR_US = 3_600_000_000
CACHE_ROUTES = frozenset({"exact_cache", "semantic_cache", "plan_cache", "coalesced"})
UNOPTIMIZED = frozenset({"live", "blocked", "approval_required", "ingest", "trace"})
NEVER_SPEND = frozenset({"ingest"})
WEB_FETCHED = "web.fetched"
TRACE = "trace"  # the route under which late events are summed: no run of its own

Tally = dict[tuple[Any, ...], list[int]]


def tally(runs: Iterable[Closed], late: Iterable[Late] = ()) -> Tally:
    """The sums of some runs and late events."""
    sums: Tally = {}
    for run in runs:
        key = (
            run.tenant, run.at_us - run.at_us % HOUR_US, run.app, run.project, run.model, run.provider,
            run.route, run.status, run.mode,
        )  # fmt: skip
        cell = sums.get(key)
        if cell is None:
            cell = sums[key] = [0] * len(SUMS)
        usage = run.usage
        cell[0] += 1
        if run.cost_pico and run.route not in NEVER_SPEND:
            cell[1] += run.cost_pico
        if not run.price_known:
            cell[2] += 1
        if run.saved_pico or run.saved_ms:
            cell[3] += run.saved_pico or 0
            cell[4] += run.saved_ms
        if run.ghost_saved_pico:
            cell[5] += run.ghost_saved_pico
        cell[6] += usage.prompt_tokens
        cell[7] += usage.completion_tokens
        cell[8] += run.latency_us
        for event in run.events:
            if event.name == WEB_FETCHED:
                cell[9] += _web_tokens(event)
    for each in late:
        if each.event.name == WEB_FETCHED:
            at_us = each.event.at_us
            cell = sums.setdefault(
                (each.tenant, at_us - at_us % HOUR_US, "", "", "", "", TRACE, "", ""), [0] * len(SUMS)
            )
            cell[9] += _web_tokens(each.event)
    return sums


def _web_tokens(event: Event) -> int:
    saved = event.payload.get("tokensSavedEstimate", event.payload.get("tokensSaved", 0))
    return saved if isinstance(saved, int) and 0 <= saved < 2**40 else 0


def keep(db: Bulk, runs: Sequence[Closed], late: Sequence[Late]) -> None:
    """Count runs and late events, by hour and by who pays, in the drain's transaction."""
    add(db, tally(runs, late))
    days.add(db, days.tally(runs))


def add(db: Bulk, sums: Tally) -> None:
    """Add to the stored sums, in the drain's transaction."""
    queries.add(db, [(*key, *cell) for key, cell in sums.items()])


async def saved_by_caches(db: AsyncConnection, tenant: str, app: str | None, pending: Tally) -> int:
    """Pico-dollars that answers of caches saved, for one app or all."""
    rows = await _sums(db, tenant, Period(app), pending)
    return sum(row["saved_pico"] for row in rows if row["route"] in CACHE_ROUTES)


async def savings(db: AsyncConnection, tenant: str, period: Period, pending: Tally) -> dict[str, Any]:
    """The tenant's rollup. `pending` are the sums of what is written and not yet in the database."""
    return summary(await _sums(db, tenant, period, pending))


async def _sums(db: AsyncConnection, tenant: str, period: Period, pending: Tally) -> list[dict[str, Any]]:
    rows = await queries.totals(db, tenant, period)
    for key, cell in pending.items():
        of = dict(zip(KEY, key, strict=True))
        if of["tenant"] == tenant and _within(of, period):
            rows.append(of | dict(zip(SUMS, cell, strict=True)))
    return rows


def _within(of: dict[str, Any], period: Period) -> bool:
    if period.app is not None and of["app"] != period.app:
        return False
    after = period.since_us is None or of["hour_us"] >= period.since_us
    return after and (period.until_us is None or of["hour_us"] < period.until_us)


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The body of `GET /api/v1/savings`. Rates are of completed runs that this gateway served."""

    def total(name: str, chosen: Iterable[dict[str, Any]] = rows) -> int:
        return sum(row[name] for row in chosen)

    served = [row for row in rows if row["status"] == "completed" and row["route"] not in ("ingest", TRACE)]
    optimized = [row for row in served if row["route"] not in UNOPTIMIZED]
    blocked = [row for row in rows if row["status"] in ("blocked", "approval_required")]
    answered = total("runs", served)
    cached = total("runs", [row for row in optimized if row["route"] in CACHE_ROUTES])
    by_artifact = total("runs", [row for row in optimized if row["route"] == "artifact"])
    return {
        "totalRuns": total("runs"),
        "completedRuns": answered,
        "liveRuns": total(
            "runs",
            [
                row
                for row in rows
                if row["route"] == "live" and row["status"] not in ("blocked", "approval_required")
            ],
        ),
        "optimizedRuns": total("runs", optimized),
        "blockedRuns": total("runs", blocked),
        "totalCostUsd": to_usd(total("cost_pico")),
        "totalSavedUsd": to_usd(total("saved_pico")),
        "ghostSavedUsd": to_usd(total("ghost_saved_pico")),
        "totalSavedMs": total("saved_ms"),
        "cacheHitRate": cached / answered if answered else 0.0,
        "artifactHitRate": by_artifact / answered if answered else 0.0,
        "webTokensSaved": total("web_tokens_saved"),
        "promptTokens": total("prompt_tokens"),
        "completionTokens": total("completion_tokens"),
        "unpricedRuns": total("unpriced"),
    }
