"""Finding a page among a million runs: by the index for what is common, by the facets' stretches for what is rare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.ids import ulid_floor
from headgate.kernel.pages import EXACT_TOTAL, Page
from headgate.record.runs.facets import Stretch, facet, union
from headgate.record.runs.queries.reading import LISTED, SEARCHED, RunFilter
from headgate.record.runs.tables import run_facets, runs
from headgate.store.dialect import contains_text

SEARCH_ROWS = (
    20_000  # a text search looks at so many of the newest runs, and goes on from there with the cursor
)
DEEP = 2000  # an offset beyond this is counted off along the index
STRETCHES = 400  # looked through in one statement
ID_SLACK_US = 3_600_000_000  # between the time in an id and the time of its run


class Window(NamedTuple):
    """Ids that can be meant: `low <= id < high`. None: no bound."""

    low: str | None
    high: str | None


EVERYTHING = Window(None, None)


class RunPage(NamedTuple):
    """Rows of LISTED, newest first. `searched_to` is set when a text search went only so far."""

    rows: Sequence[Any]
    total: int
    searched_to: str | None = None


async def page(db: AsyncConnection, tenant: str, chosen: RunFilter, *, limit: int, offset: int) -> RunPage:
    """A page and the total, which is counted up to one more than EXACT_TOTAL."""
    window = _window(chosen)
    if chosen.text:
        return await _search(db, tenant, chosen, window, Page(limit, offset))
    if chosen.facets:
        return await _by_facets(db, tenant, chosen, window, Page(limit, offset))
    rows = await _rows(db, _within(_listed(), tenant, chosen, window), limit=limit, offset=offset)
    return RunPage(rows, await _count(db, _within(_ones(), tenant, chosen, window)))


def _window(chosen: RunFilter) -> Window:
    low = (
        None
        if chosen.since_us is None
        else "run_" + ulid_floor(max(0, chosen.since_us - ID_SLACK_US) // 1000)
    )
    high = None if chosen.until_us is None else "run_" + ulid_floor((chosen.until_us + ID_SLACK_US) // 1000)
    if chosen.before is not None and (high is None or chosen.before < high):
        high = chosen.before
    return Window(low, high)


def _listed() -> sa.Select[Any]:
    return sa.select(*(runs.c[name] for name in LISTED))


def _ones() -> sa.Select[Any]:
    return sa.select(sa.literal(1)).select_from(runs)


def _within(query: sa.Select[Any], tenant: str, chosen: RunFilter, window: Window) -> sa.Select[Any]:
    query = query.where(
        runs.c.tenant == tenant, *(runs.c[name] == value for name, value in chosen.facets.items())
    )
    if window.low is not None:
        query = query.where(runs.c.id >= window.low)
    if window.high is not None:
        query = query.where(runs.c.id < window.high)
    if chosen.since_us is not None:
        query = query.where(runs.c.at_us >= chosen.since_us)
    if chosen.until_us is not None:
        query = query.where(runs.c.at_us < chosen.until_us)
    return query


async def _rows(db: AsyncConnection, query: sa.Select[Any], *, limit: int, offset: int) -> Sequence[Any]:
    return (await db.execute(query.order_by(runs.c.id.desc()).limit(limit).offset(offset))).all()


async def _count(db: AsyncConnection, query: sa.Select[Any]) -> int:
    some = query.limit(EXACT_TOTAL + 1).subquery()
    return (await db.execute(sa.select(sa.func.count()).select_from(some))).scalar_one()


# ---- by facets


async def _by_facets(
    db: AsyncConnection, tenant: str, chosen: RunFilter, window: Window, part: Page
) -> RunPage:
    """Look only where the rarest of the wanted values is."""
    counts = {
        facet(name, value): await _facet_total(db, tenant, facet(name, value), window)
        for name, value in chosen.facets.items()
    }
    rarest = min(counts, key=lambda name: counts[name])
    if len(counts) == 1 and window == EVERYTHING:
        total = counts[rarest]
    else:
        total = await _total(db, tenant, chosen, window, rarest)
    limit, offset = part.limit, part.offset
    if offset >= min(total, EXACT_TOTAL + 1) and total <= EXACT_TOTAL:
        return RunPage([], total)
    if offset > DEEP:
        rows = await _rows(db, _within(_listed(), tenant, chosen, window), limit=limit, offset=offset)
    else:
        rows = (await _newest(db, tenant, chosen, window, (rarest, offset + limit)))[offset:]
    return RunPage(rows, total)


async def _newest(
    db: AsyncConnection, tenant: str, chosen: RunFilter, window: Window, wanted: tuple[str, int]
) -> list[Any]:
    """The newest so many rows, among the stretches of a facet. More stretches are taken each time, until those are
    sure to hold all that is newer than the last row."""
    name, count = wanted
    rows, portion, before = list[Any](), 1, window.high
    while len(rows) < count:
        taken = await _stretches(db, tenant, name, window, portion)
        held = sum(each.runs for each in taken)
        whole = len(taken) < portion
        if held < count and not whole:
            portion *= 8
            continue
        low = window.low if whole else max(taken[-1].high, window.low or "")
        query = _within(_listed(), tenant, chosen, EVERYTHING)
        if before is not None:
            query = query.where(runs.c.id != before)
        rows += await _rows(
            db, _inside(query, _clipped(taken, Window(low, before))), limit=count - len(rows), offset=0
        )
        if whole:
            break
        portion *= 8
        if low is not None and (before is None or low < before):
            before = low
    return rows


async def _facet_total(db: AsyncConnection, tenant: str, name: str, window: Window) -> int:
    """How many runs have this value, at least as many as lie in the window."""
    counted: sa.Select[Any] = sa.select(run_facets.c.runs)
    some = _of_facet(counted, tenant, name, window).limit(EXACT_TOTAL + 1).subquery()
    return int((await db.execute(sa.select(sa.func.coalesce(sa.func.sum(some.c.runs), 0)))).scalar_one())


def _of_facet(query: sa.Select[Any], tenant: str, name: str, window: Window) -> sa.Select[Any]:
    query = query.where(run_facets.c.tenant == tenant, run_facets.c.facet == name)
    if window.low is not None:
        query = query.where(run_facets.c.high >= window.low)
    if window.high is not None:
        query = query.where(run_facets.c.low < window.high)
    return query


async def _stretches(db: AsyncConnection, tenant: str, name: str, window: Window, most: int) -> list[Stretch]:
    columns: Any = sa.select(run_facets.c.low, run_facets.c.high, run_facets.c.runs)
    query = _of_facet(columns, tenant, name, window)
    return [Stretch(*row) for row in await db.execute(query.order_by(run_facets.c.high.desc()).limit(most))]


def _clipped(stretches: Sequence[Stretch], window: Window) -> list[tuple[str, str]]:
    """The bounds to look between, without overlaps and within the window. In the statement there must be no other
    bounds of the id: SQLite would go along those instead."""
    clipped: list[tuple[str, str]] = []
    for low, high in union(stretches, STRETCHES):
        low, high = max(low, window.low or ""), high if window.high is None else min(high, window.high)  # noqa: PLW2901
        clipped.append((low, high))
    return [(low, high) for low, high in clipped if low <= high]


def _inside(query: sa.Select[Any], bounds: list[tuple[str, str]]) -> sa.Select[Any]:
    """Only rows between these bounds, each looked up in the index."""
    values = sa.values(sa.column("low", sa.Text), sa.column("high", sa.Text), name="bounds")
    between = values.data(bounds or [("", "")]).cte("bounds")
    return query.select_from(
        between.join(runs, sa.and_(runs.c.id >= between.c.low, runs.c.id <= between.c.high))
    )


async def _total(db: AsyncConnection, tenant: str, chosen: RunFilter, window: Window, rarest: str) -> int:
    stretches = await _stretches(db, tenant, rarest, window, EXACT_TOTAL + 1)
    if not stretches:
        return 0
    one: Any = sa.select(sa.literal(1))
    query = _within(one, tenant, chosen, EVERYTHING)
    if window.high is not None:
        query = query.where(runs.c.id != window.high)
    return await _count(db, _inside(query, _clipped(stretches, window)))


# ---- by text


async def _search(db: AsyncConnection, tenant: str, chosen: RunFilter, window: Window, part: Page) -> RunPage:
    """Among the newest SEARCH_ROWS runs of the window."""
    every = sa.select(runs.c.id).where(runs.c.tenant == tenant)
    if window.low is not None:
        every = every.where(runs.c.id >= window.low)
    if window.high is not None:
        every = every.where(runs.c.id < window.high)
    floor = (
        await db.execute(every.order_by(runs.c.id.desc()).offset(SEARCH_ROWS - 1).limit(1))
    ).scalar_one_or_none()
    here = window if floor is None else Window(floor, window.high)
    matching = sa.or_(*(contains_text(runs.c[name], chosen.text or "") for name in SEARCHED))
    rows = await _rows(
        db, _within(_listed(), tenant, chosen, here).where(matching), limit=part.limit, offset=part.offset
    )
    total = await _count(db, _within(_ones(), tenant, chosen, here).where(matching))
    return RunPage(rows, total, floor)
