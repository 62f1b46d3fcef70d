"""Runs: list them, look into one, check its chain, add what comes afterwards. Reads see what was written a moment ago."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.call.frames import Closed, Event, Late, decode_frame
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import NotFound
from headgate.kernel.pages import Page
from headgate.record.runs import views
from headgate.record.runs.chain import (
    Integrity,
    extend,
    follow,
    links,
    read_event,
    seed,
    verify,
)
from headgate.record.runs.hot import Recorder
from headgate.record.runs.overlay import Tail
from headgate.record.runs.past import Past, past_runs
from headgate.record.runs.past import past_run as past_run  # noqa: PLC0414 given on
from headgate.record.runs.past import vault_of as vault_of  # noqa: PLC0414 given on
from headgate.record.runs.payloads import PayloadDamaged
from headgate.record.runs.queries import lists, reading, responses
from headgate.record.runs.queries.reading import RunFilter
from headgate.record.runs.queries.totals import by_day_and_model as by_day_and_model  # noqa: PLC0414 given on
from headgate.record.runs.queries.totals import used as used  # noqa: PLC0414 given on
from headgate.record.runs.retention import Removed as Removed  # noqa: PLC0414 given on
from headgate.record.runs.retention import Remover as Remover  # noqa: PLC0414 given on
from headgate.record.runs.rows import (
    RESPONSE,
    SIDE_EFFECT,
    Details,
    facts,
    facts_of_row,
    read_details,
    running,
)
from headgate.record.runs.views import detail as detail  # noqa: PLC0414 given on


class RunNotFound(NotFound):
    """No such run of this tenant (and app, for a pinned key)."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"There is no run {run_id}.", runId=run_id)


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks, at which database, with which recorder."""

    db: AsyncConnection
    caller: Caller
    recorder: Recorder
    clock: Clock

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    def sees(self, app: str) -> bool:
        pin = self.caller.app_pin
        return pin is None or pin == app


@dataclass(slots=True)
class Found:
    """One run, from the database or not yet there."""

    line: views.RunLine
    details: Details
    events: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    feedback: list[dict[str, Any]]
    bodies: tuple[bytes, bytes] | None = None
    removed: dict[str, Any] | None = None
    integrity: Integrity | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    batch: int | None = None  # the ledger vouches for the runs of a batch together; None: not written yet


# ---- lists


async def listed(look: Look, chosen: RunFilter, page: Page) -> tuple[list[msgspec.Raw], int, str | None]:
    """A page of runs as JSON, the total, and the cursor of the next page. A cursor behind the last of `total` runs
    means that a text search went only so far, and can go on from there."""
    if look.caller.app_pin is not None:
        if chosen.app not in (None, look.caller.app_pin):
            return [], 0, None
        chosen = replace(chosen, app=look.caller.app_pin)
    tail = await look.recorder.tail(look.db, look.tenant)
    fresh = _fresh(look, tail, chosen)
    base = max(0, page.offset - len(fresh))
    found = await lists.page(look.db, look.tenant, chosen, limit=page.limit + page.offset - base, offset=base)
    total = found.total + len(fresh)
    part = slice(page.offset - base, page.offset - base + page.limit)
    lines, last = await asyncio.to_thread(_merge, found.rows, fresh, part)
    if page.offset + len(lines) < total:
        return lines, total, last
    return lines, total, found.searched_to


def _merge(
    rows: Sequence[Any], fresh: list[views.RunLine], part: slice
) -> tuple[list[msgspec.Raw], str | None]:
    chosen: list[Any]
    if fresh:
        known = {row.id for row in rows}
        chosen = sorted(
            [*rows, *(line for line in fresh if line.id not in known)], key=lambda each: each.id, reverse=True
        )[part]
    else:
        chosen = list(rows[part])
    return views.encode_lines(chosen), chosen[-1].id if chosen else None


def _fresh(look: Look, tail: Tail, chosen: RunFilter) -> list[views.RunLine]:
    """The runs that the database does not know yet: undrained or still going on."""
    now_us = to_us(look.clock.now())
    ended = {run.run_id for run in tail.runs}
    going_on = look.recorder.running(look.tenant)
    runs = [*tail.runs, *(running(each, now_us=now_us) for each in going_on if each.run_id not in ended)]
    return [views.line_of_frame(run) for run in runs if _matches(run, chosen)]


def _matches(run: Closed, chosen: RunFilter) -> bool:
    if any(getattr(run, name) != value for name, value in chosen.facets.items()):
        return False
    if chosen.since_us is not None and run.at_us < chosen.since_us:
        return False
    if chosen.until_us is not None and run.at_us >= chosen.until_us:
        return False
    if chosen.before is not None and run.run_id >= chosen.before:
        return False
    text = (chosen.text or "").casefold()
    return not text or any(text in getattr(run, name).casefold() for name in reading.SEARCHED)


# ---- one run


async def found(look: Look, run_id: str) -> Found:
    """The run with everything that hangs on it. Raises RunNotFound."""
    tail = await look.recorder.tail(look.db, look.tenant, run_id=run_id)
    row = await reading.one(look.db, look.tenant, run_id)
    if row is not None:
        run = await _stored(look, row)
    else:
        frame = tail.run(run_id) or _going_on(look, run_id)
        if frame is None:
            raise RunNotFound(run_id)
        run = _undrained(frame)
    if not look.sees(run.line.app):
        raise RunNotFound(run_id)
    _add_tail(run, tail, look.tenant, run_id)
    return run


class Made(NamedTuple):
    """A response of the Responses API, and the run that made it."""

    id: str
    run_id: str
    app: str
    subject: str
    provider: str
    at_us: int


async def made(look: Look, response_id: str) -> Made | None:
    """The response with this id that the tenant's runs have made and that was not deleted."""
    tail = await look.recorder.tail(look.db, look.tenant)
    row = await responses.one(look.db, look.tenant, response_id)
    if row is not None:
        return None if row.deleted_us is not None else _made(row)
    run = next((each for each in tail.runs if each.explanation.get(RESPONSE) == response_id), None)
    return (
        None if run is None else Made(response_id, run.run_id, run.app, run.subject, run.provider, run.at_us)
    )


def _made(row: Any) -> Made:
    return Made(row.id, row.run_id, row.app, row.subject, row.provider, row.at_us)


async def feedback(db: AsyncConnection, tenant: str, page: Page) -> tuple[list[dict[str, Any]], int]:
    """A page of all feedback of a tenant, newest first, and how much there is."""
    rows, total = await reading.feedback_page(db, tenant, limit=page.limit, offset=page.offset)
    return [views.feedback_view(each) | {"userId": each.user_id} for each in rows], total


async def is_others(look: Look, response_id: str) -> bool:
    """Is this the id of a response of another tenant?"""
    return await responses.is_others(look.db, look.tenant, response_id)


async def unmake(look: Look, response: Made) -> None:
    """Nothing goes on from this response any more. Its run stays on record."""
    await responses.delete(look.db, look.tenant, response._asdict(), to_us(look.clock.now()))


async def forget_responses(db: AsyncConnection, before_us: int, limit: int) -> int:
    """Forget up to `limit` of the responses made before `before_us`; how many."""
    return await responses.forget_before(db, before_us, limit)


async def bodies(look: Look, run_id: str) -> tuple[bytes, bytes] | None:
    """Request and response of a run; None when they are gone. Raises RunNotFound."""
    return (await found(look, run_id)).bodies


def past(look: Look, chosen: RunFilter, *, most: int) -> AsyncIterator[Past]:
    """At most `most` runs with what was asked and answered, newest first: those that `chosen` names and the caller may see."""
    if look.caller.app_pin is not None:
        chosen = replace(chosen, app=look.caller.app_pin)
    return past_runs(look.db, look.tenant, look.recorder.vault, chosen, most=most)


async def exists(look: Look, run_id: str) -> bool:
    """Is there such a run for this caller? Cheaper than `found`."""
    going_on = _going_on(look, run_id)
    if going_on is not None:
        return look.sees(going_on.app)
    tail = await look.recorder.tail(look.db, look.tenant, run_id=run_id)
    row = tail.run(run_id) or await reading.one(look.db, look.tenant, run_id)
    return row is not None and look.sees(row.app)


def _going_on(look: Look, run_id: str) -> Closed | None:
    now_us = to_us(look.clock.now())
    return next(
        (
            running(each, now_us=now_us)
            for each in look.recorder.running(look.tenant)
            if each.run_id == run_id
        ),
        None,
    )


async def _stored(look: Look, row: Any) -> Found:
    tenant, run_id = look.tenant, row.id
    blob = await reading.chain(look.db, row.seq)
    late = await reading.late(look.db, tenant, run_id)
    effects = [views.effect_view(tuple(each)) for each in await reading.effects(look.db, tenant, run_id)]
    feedback = [views.feedback_view(each) for each in await reading.feedback_of(look.db, tenant, run_id)]
    every = [*links(blob), *(link for each in late for link in links(bytes(each.chain)))]
    events = [views.event_view(index, read_event(link), link.digest) for index, link in enumerate(every)]
    events += [
        views.event_view(len(events) + index, event, b"") for index, event in enumerate(_unchained(late))
    ]
    run = Found(views.line_of_row(row), read_details(bytes(row.details)), events, effects, feedback)
    run.integrity, run.batch = _check(run_id, row, blob, late), row.batch
    run.attempts = [views.attempt_view(each) for each in await reading.attempts_of(look.db, tenant, run_id)]
    await _open_bodies(look, row, run)
    return run


def _unchained(late: Sequence[Any]) -> list[Event]:
    frames = [decode_frame(bytes(each.frame)) for each in late if not each.chain]
    return [frame.event for frame in frames if isinstance(frame, Late)]


def _check(run_id: str, row: Any, blob: bytes, late: Sequence[Any]) -> Integrity:
    """The chain of the run itself, then of its late events, which must be numbered without a gap."""
    result = verify(run_id, blob, facts=facts_of_row(row), head=bytes(row.head), count=row.event_count)
    for number, each in enumerate(late):
        if not result.ok or not each.chain:
            return result
        added = follow(result.head, bytes(each.chain))
        ok = added.ok and added.count == 1 and each.number == number
        result = Integrity(ok, result.count + ok, None if ok else result.count, added.head)
    return result


async def _open_bodies(look: Look, row: Any, run: Found) -> None:
    """Request and response, of this run or of the one it repeats; or what became of them."""
    holder = await reading.one(look.db, look.tenant, row.same_as) if row.same_as else row
    if holder is None or holder.payload is None:
        return
    stored = await reading.payload(look.db, look.tenant, bytes(holder.payload))
    if stored is None:
        return
    if stored.data is None:
        run.removed = {"at": iso(stored.removed_us), "why": stored.removed_why}
        return
    if stored.wrapped is None:
        run.removed = {"at": None, "why": "subject erased"}
        return
    vault = look.recorder.vault
    try:
        key = vault.unwrap(stored.key_id, bytes(stored.wrapped))
        group = await asyncio.to_thread(
            vault.open, look.tenant, stored.subject, key, bytes(stored.address), bytes(stored.data)
        )
    except PayloadDamaged:
        run.removed = {"at": None, "why": "damaged"}
        return
    run.bodies = group[holder.payload_at][1:]


def _undrained(frame: Closed) -> Found:
    known = facts(frame)
    blob, head = extend(seed(frame.run_id, known), frame.events)
    events = [
        views.event_view(index, read_event(link), link.digest) for index, link in enumerate(links(blob))
    ]
    effects = [
        views.effect_of_event(frame.tenant, frame.run_id, str(index), event)
        for index, event in enumerate(frame.events) if event.name.startswith(SIDE_EFFECT)
    ]  # fmt: skip
    details = Details(
        frame.wire, frame.endpoint, frame.user_id, frame.stream, frame.usage, frame.usage_raw, frame.cache, frame.finish,
        frame.first_byte_us, frame.upstream_us, 0, frame.warnings, frame.explanation, frame.metadata,
    )  # fmt: skip
    run = Found(views.line_of_frame(frame), details, events, effects, [])
    run.integrity = verify(frame.run_id, blob, facts=known, head=head, count=len(frame.events))
    run.attempts = [views.attempt_view(each) for each in frame.attempts]
    if frame.request or frame.response:
        run.bodies = (frame.request, frame.response)
    return run


def _add_tail(run: Found, tail: Tail, tenant: str, run_id: str) -> None:
    """What was added to the run and is not in the database yet."""
    for late in tail.late:
        number = len(run.events)
        run.events.append(views.event_view(number, late.event, b""))
        if late.event.name.startswith(SIDE_EFFECT):
            run.effects.append(views.effect_of_event(tenant, run_id, f"late{number}", late.event))
    run.feedback += [views.feedback_view(each) for each in tail.feedback]
