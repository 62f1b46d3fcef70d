"""`/api/v1/runs`, trace events, feedback and ingest."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Query

from headgate.kernel.clock import iso, parse_time
from headgate.kernel.errors import BadRequest
from headgate.kernel.pages import page_body
from headgate.record.runs import additions, gating, service, views
from headgate.record.runs.hot import Recorder
from headgate.record.runs.queries.reading import RunFilter
from headgate.record.runs.schemas import (
    FeedbackBody,
    FeedbackMade,
    IngestBody,
    Ingested,
    IntegrityReport,
    MemoryBody,
    RunDetail,
    RunList,
    TraceBody,
    Traced,
)
from headgate.rim.context import Context, Reading
from headgate.rim.router import PageQuery, Router, json_reply

router = Router("runs")


def _time(name: str, text: str | None) -> int | None:
    try:
        return parse_time(text) if text else None
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None


def _filter(
    route: str | None = None, status: str | None = None, app: str | None = None, agent: str | None = None,
    model: str | None = None,
    since: Annotated[str | None, Query(description="Runs that began at this time or later.")] = None,
    until: Annotated[str | None, Query(description="Runs that began before this time.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Text in the preview, model, app, agent or error.")] = None,
    cursor: Annotated[str | None, Query(description="The `cursor` of the page before.")] = None,
) -> RunFilter:  # fmt: skip
    return RunFilter(
        route, status, app, agent, model, _time("since", since), _time("until", until), q, cursor
    )


RunQuery = Annotated[RunFilter, Depends(_filter)]


def look_of(ctx: Context) -> service.Look:
    return service.Look(ctx.db, ctx.caller, cast(Recorder, ctx.services.recorder), ctx.clock)


@router.get("/api/v1/runs", right="runs:read", response=RunList)
async def list_runs(ctx: Reading, chosen: RunQuery, page: PageQuery) -> Any:
    """Runs, newest first, those still going on included."""
    lines, total, cursor = await service.listed(look_of(ctx), chosen, page)
    body = page_body("runs", lines, page, total) | {"cursor": cursor}
    if cursor is not None and not body["has_more"]:
        body |= {"has_more": True, "total_is_lower_bound": True}
    return json_reply(body)


@router.get("/api/v1/runs/{id}", right="runs:read", response=RunDetail)
async def get_run(ctx: Reading, id: str) -> Any:
    """A run with its trace events and side effects; and every try at a provider, when one of them failed."""
    run = await service.found(look_of(ctx), id)
    shown = views.detail(run.line, run.details, run.bodies) | {
        "feedback": run.feedback,
        "payloadRemoved": run.removed,
    }
    return json_reply(
        {"run": shown, "events": run.events, "sideEffects": run.effects, "attempts": run.attempts}
    )


@router.get("/api/v1/runs/{id}/integrity", right="runs:read", response=IntegrityReport)
async def check_run(ctx: Reading, id: str) -> Any:
    """Verify the hash chain of the run's trace events, and name the first bad one."""
    run = await service.found(look_of(ctx), id)
    result = run.integrity
    assert result is not None
    bad = result.first_bad
    named = run.events[bad] if bad is not None and bad < len(run.events) else None
    return {
        "runId": id, "ok": result.ok, "count": result.count, "firstBadIndex": bad,
        "firstBad": {name: named[name] for name in ("index", "type", "at")} if named else None, "head": result.head.hex(),
    }  # fmt: skip


@router.post("/api/v1/trace", right="runs:write", response=Traced)
async def add_trace_event(ctx: Reading, body: TraceBody) -> Any:
    """Add a trace event to a run. A side effect that is about to happen is judged by the policies first: 403 with the
    verdict, and the id of an approval where one is needed."""
    judges = _judges(ctx)
    if gating.has_to_judge(judges, ctx.tenant, body):
        gating.judge(look_of(ctx), judges, await service.found(look_of(ctx), body.runId), body)
    event = await additions.add_event(look_of(ctx), body)
    return {"ok": True, "runId": body.runId, "type": event.name, "at": iso(event.at_us)}


def _judges(ctx: Context) -> gating.Judges:
    hot = ctx.services.hot
    return gating.Judges(hot["gate"], hot["agents"], hot["settings"], hot["influences"], ctx.ids)


@router.post("/api/v1/runs/{id}/memory", right="runs:write", response=Traced)
async def record_influence(ctx: Reading, id: str, body: MemoryBody) -> Any:
    """Say what memory or content had influence on a run. With `memory_quarantine` on, untrusted content makes the run's
    actions of high impact wait for approval, until something verified covers it."""
    payload = {"source": body.source, "trustLane": body.trustLane, "contentHash": body.contentHash}
    event = await additions.add_event(look_of(ctx), TraceBody(runId=id, type=gating.EVENT, payload=payload))
    _judges(ctx).influences.note(ctx.tenant, id, body.trustLane)
    return {"ok": True, "runId": id, "type": event.name, "at": iso(event.at_us)}


@router.post("/api/v1/runs/{id}/feedback", right="runs:write", response=FeedbackMade)
async def add_feedback(ctx: Reading, id: str, body: FeedbackBody) -> Any:
    """Rate or correct a run."""
    made = await additions.add_feedback(look_of(ctx), id, body, ctx.ids)
    return {"ok": True, "feedback": views.feedback_view(made)}


@router.post("/api/v1/ingest/prompt", right="runs:write", response=Ingested)
async def ingest_prompt(ctx: Reading, body: IngestBody) -> Any:
    """Put a prompt that was answered elsewhere on record as a completed run. It never counts as spend."""
    headers = ctx.request.headers
    names = additions.Names(*(headers.get(f"x-punk-{name}", "") for name in additions.Names._fields))
    return {"runId": additions.ingest(look_of(ctx), body, ctx.ids, names)}
