"""Evidence of runs (`/api/v1/runs/{id}/evidence-packet`, `.../replay-bundle`) and of periods, feedback, replays and status
under `/api/trust`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from headgate.govern.evidence import jobs, packets, packs, pages, queries, replays, service
from headgate.govern.evidence.schemas import (
    Bundle,
    FeedbackList,
    NewFeedback,
    NewPack,
    NewReplay,
    Packet,
    PackMade,
    Packs,
    Replays,
    Submitted,
    TrustStatus,
)
from headgate.govern.policies.service import PolicyKeeper
from headgate.kernel import json
from headgate.kernel.clock import parse_time, to_us
from headgate.kernel.errors import BadRequest
from headgate.kernel.pages import page_body
from headgate.operate.jobs import service as background
from headgate.operate.jobs.service import Enqueuer, NewJob
from headgate.record.runs.hot import Recorder
from headgate.record.runs.service import Look
from headgate.rim.context import Context, Reading, Writing, caller_of, services_of
from headgate.rim.router import PageQuery, Router

router = Router("evidence")

WHOLE = "these pieces of evidence"

UNREDACTED = "evidence:admin"  # the right to see what redaction takes out
DAY_CHARS, DAY_US = 10, 24 * 3600 * 1_000_000


async def _caught_up(request: Request) -> None:
    """Before any transaction: what was done a moment ago is part of the evidence."""
    recorder = services_of(request).recorder
    recorder.hurry()
    await recorder.caught_up()


CaughtUp = Annotated[None, Depends(_caught_up)]
Redact = Annotated[
    bool, Query(description=f"false: secrets and personal data stay in. Needs the right {UNREDACTED}.")
]


def _look(ctx: Context) -> Look:
    return Look(ctx.db, ctx.caller, cast(Recorder, ctx.services.recorder), ctx.clock)


def _asked(ctx: Context, *, redact: bool) -> packets.Asked:
    if not redact:
        ctx.caller.need(UNREDACTED)
    return packets.Asked(_look(ctx), redact)


def _canonical(fields: dict[str, Any]) -> Response:
    """The bytes whose hash, without `hash`, is in them."""
    return Response(json.canonical(fields), media_type="application/json")


@router.get("/api/v1/runs/{id}/evidence-packet", right="runs:read", response=Packet)
async def get_packet(_: CaughtUp, ctx: Reading, id: str, redact: Redact = True) -> Response:
    """Everything known of a run: why it took its route, whether its record is whole, what was asked and answered, effects,
    approvals, the ledger's rows about it with proofs. Secrets and personal data are taken out."""
    return _canonical(await packets.packet(_asked(ctx, redact=redact), id))


@router.get("/api/v1/runs/{id}/replay-bundle", right="runs:read", response=Bundle)
async def get_bundle(_: CaughtUp, ctx: Reading, id: str, redact: Redact = True) -> Response:
    """What is needed to run a call again and to compare: request, answer, results of tools, effects to suppress.
    Secrets and personal data are taken out."""
    return _canonical(await packets.bundle(_asked(ctx, redact=redact), id))


@router.get("/api/trust/evidence", right="evidence:read", response=Packs)
async def list_packs(ctx: Reading, page: PageQuery) -> Any:
    """Evidence packs, newest first."""
    rows, total = await queries.packs(ctx.db, ctx.caller.whole_tenant(WHOLE), page)
    return page_body("packs", [packs.listed(row) for row in rows], page, total)


@router.post("/api/trust/evidence", right="evidence:write", status=201, response=PackMade)
async def make_pack(_: CaughtUp, ctx: Writing, body: NewPack) -> Any:
    """Make an evidence pack of a period: hashes and counts of the ledger's entries, a hash over them."""
    ctx.caller.whole_tenant(WHOLE)
    to_at = to_us(ctx.clock.now()) + 1 if body.date_to is None else _time("date_to", body.date_to, ends=True)
    period = packs.Period(body.name, body.description, _time("date_from", body.date_from), to_at)
    made = await packs.make(ctx.db, _look(ctx), ctx.ids, period)
    return {"status": "generated", "id": made["id"], "event_count": made["event_count"], "hash": made["hash"]}


def _time(name: str, text: str, *, ends: bool = False) -> int:
    """A moment; a bare day as an end is that whole day."""
    try:
        return parse_time(text) + (DAY_US if ends and len(text) == DAY_CHARS and text[4] == "-" else 0)
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None


@router.get("/api/trust/evidence/{id}", right="evidence:read")
async def get_pack(ctx: Reading, id: str, format: Literal["json", "html"] = "json") -> Response:
    """A pack whole, read from the ledger again and compared with its hash, with checkpoint and proofs; as JSON, or as a
    page to print."""
    pack = await packs.document(ctx.db, ctx.caller.whole_tenant(WHOLE), id)
    if format == "html":
        return HTMLResponse(pages.page(pack), headers={"content-security-policy": pages.POLICY})
    return _canonical(pack)


@router.get("/api/trust/feedback", right="evidence:read", response=FeedbackList)
async def list_feedback(_: CaughtUp, ctx: Reading, page: PageQuery) -> Any:
    """Feedback on runs, newest first; that of `POST /api/v1/runs/{id}/feedback` too."""
    rows, total = await service.runs.feedback(ctx.db, ctx.caller.whole_tenant(WHOLE), page)
    return {"count": len(rows), **page_body("feedback", [service.shown(each) for each in rows], page, total)}


@router.post("/api/trust/feedback", right="runs:write", status=201, response=Submitted)
async def submit_feedback(_: CaughtUp, ctx: Writing, body: NewFeedback) -> Any:
    """Rate an answer or say something about it."""
    opinion = service.Opinion(body.request_id, body.user_email, body.rating, body.comment)
    return {"status": "submitted", "id": await service.submit(ctx.db, _look(ctx), ctx.ids, opinion)}


@router.get("/api/trust/replays", right="evidence:read", response=Replays)
async def list_replays(ctx: Reading, page: PageQuery) -> Any:
    """Replays, newest first: how far the new answer agrees with the old one, and where it differs."""
    rows, total = await queries.replays(ctx.db, ctx.caller.whole_tenant(WHOLE), page)
    return page_body("replays", [replays.shown(row) for row in rows], page, total)


@router.post("/api/trust/replays", right="evidence:write", status=202, response=Submitted)
async def begin_replay(_: CaughtUp, ctx: Writing, body: NewReplay) -> Any:
    """Ask a run again, of the same model or another, past every cache; nobody runs the tools that the answer asks for.
    It is done in the background and compared with what was answered then."""
    wish = replays.Wish(body.original_request_id, body.provider, body.model, body.input)
    replay_id = await replays.begin(ctx.db, _look(ctx), ctx.ids, wish)
    job = NewJob(jobs.REPLAY, ctx.tenant, {"replay": replay_id})
    job_id = await Enqueuer(ctx.ids, ctx.clock).enqueue(ctx.db, job)
    await queries.change_replay(ctx.db, ctx.tenant, replay_id, {"job_id": job_id})
    ctx.changed(background.NOTICE_PART)
    return {"status": "queued", "id": replay_id}


@router.get("/api/trust/status", right="evidence:read", response=TrustStatus)
async def get_status(_: CaughtUp, request: Request) -> Any:
    """How the trust side stands. The chain is verified again when the last time is over a minute ago."""
    services, tenant = services_of(request), caller_of(request).whole_tenant(WHOLE)
    standing = service.Standing(services.database, services.clock, services.settings.data_dir)
    keeper = cast("PolicyKeeper | None", services.hot.get("policies"))
    return await standing.of(tenant, 0 if keeper is None else len(keeper.files.loaded()))
