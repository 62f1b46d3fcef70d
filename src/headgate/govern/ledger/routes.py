"""`/api/trust/ledger` and, in Punk's words, `/api/v1/audit`: two views of the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from headgate.govern.ledger import export, proofs, queries, service
from headgate.govern.ledger.queries import Chosen
from headgate.govern.ledger.schemas import (
    MAX_DETAIL_BYTES,
    Appended,
    AuditEvents,
    AuditQuery,
    Checkpoints,
    Consistency,
    EntryQuery,
    LedgerEvents,
    NewEntry,
    Proof,
    Verified,
)
from headgate.govern.ledger.service import Act
from headgate.kernel import json
from headgate.kernel.clock import iso, parse_time, to_us
from headgate.kernel.errors import BadRequest
from headgate.kernel.pages import page_body
from headgate.rim.context import Reading, Services, caller_of, services_of
from headgate.rim.router import PageQuery, Router, json_reply
from headgate.store.dialect import one_snapshot

router = Router("ledger")

WHOLE = "the entries of the ledger"

PLACE_TRIES, PLACE_WAIT_S = 20, 0.05
RECENT = 10_000  # rows that an incremental verification walks at least


def _time(name: str, text: str | None) -> int | None:
    try:
        return parse_time(text) if text else None
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None


@router.get("/api/trust/ledger", right="ledger:read", response=LedgerEvents)
async def list_entries(ctx: Reading, page: PageQuery, asked: Annotated[EntryQuery, Depends()]) -> Any:
    """What was decided and done, newest first."""
    since_us, until_us = _time("since", asked.since), _time("until", asked.until)
    chosen = Chosen(
        asked.event_type, asked.actor, asked.resource, asked.action, asked.run_id, since_us, until_us
    )
    found, total = await queries.listed(
        ctx.db, ctx.caller.whole_tenant(WHOLE), chosen, limit=page.limit, offset=page.offset
    )
    body = page_body("events", [_event(row) for row in found], page, total)
    return json_reply({"count": len(found), **body})


def _event(row: Any) -> dict[str, Any]:
    prev = bytes(row.prev_hash).hex() if row.prev_hash is not None else None
    return {
        "id": row.id, "seq": row.seq, "event_type": row.kind, "actor": row.actor, "resource": row.target, "action": row.decision,
        "run_id": row.run_id, "detail": json.decode(row.detail), "prev_hash": prev if row.seq != 1 else "",
        "hash": bytes(row.hash).hex() if row.hash is not None else None, "created_at": iso(row.at_us),
    }  # fmt: skip


@router.post("/api/trust/ledger", right="ledger:write", status=201, response=Appended)
async def append_entry(request: Request, body: NewEntry) -> Any:
    """Put an act of your own down. It gets its place in the chain at once and can't be changed or removed."""
    services, caller = services_of(request), caller_of(request)
    tenant = caller.whole_tenant(WHOLE)
    detail = body.detail if isinstance(body.detail, dict) else {"text": body.detail} if body.detail else {}
    if len(json.canonical(detail)) > MAX_DETAIL_BYTES:
        raise BadRequest(f"`detail` is larger than {MAX_DETAIL_BYTES} bytes.", param="detail")
    by = caller.key_id or caller.user_id or caller.kind
    act = Act.now(
        services.ids, services.clock, kind=body.event_type, actor=body.actor or by, target=body.resource,
        decision=body.action, detail=detail | ({"recorded_by": by} if body.actor else {}),
    )  # fmt: skip
    async with services.database.writing() as db:
        await service.append(db, tenant, act)
    return {"status": "appended", "id": act.id, "hash": await _place(services, tenant, act.id)}


async def _place(services: Services, tenant: str, row_id: str) -> str | None:
    """The hash that the drain gives the row, as soon as it does."""
    services.recorder.hurry()
    for _ in range(PLACE_TRIES):
        async with services.database.reading() as db:
            row = await queries.one(db, tenant, row_id)
        if row is not None and row.hash is not None:
            return bytes(row.hash).hex()
        await asyncio.sleep(PLACE_WAIT_S)
    return None


@router.get("/api/trust/ledger/verify", right="ledger:read", response=Verified)
async def verify_ledger(request: Request, mode: Literal["full", "incremental"] = "full") -> Any:
    """Walk the chain and compare it with every signed checkpoint. `incremental` begins at a checkpoint before the last
    10,000 entries."""
    services, tenant = services_of(request), caller_of(request).whole_tenant(WHOLE)
    folder: Path = services.settings.data_dir
    checked = await asyncio.to_thread(  # in a thread with a database of its own: hashing would hold the loop
        service.verify_apart,
        services.database.url,
        tenant,
        folder,
        RECENT if mode == "incremental" else None,
    )
    verdict, start = checked
    async with services.database.writing() as db:  # what `GET /api/trust/status` tells
        await service.selecting.remember(db, verdict, to_us(services.clock.now()))
    seq, row_id = verdict.first_bad or (None, None)
    return {
        "valid": verdict.ok, "events_checked": verdict.rows - start, "mode": mode, "from_seq": start,
        "broken_at_id": row_id or None, "broken_at_seq": seq, "reason": verdict.reason or None, "anchored": verdict.anchored,
        "unanchored": max(0, verdict.rows - verdict.anchored), "waiting": verdict.waiting, "checkpoints": verdict.checkpoints,
    }  # fmt: skip


@router.get("/api/trust/ledger/checkpoints", right="ledger:read", response=Checkpoints)
async def list_checkpoints(ctx: Reading, page: PageQuery) -> Any:
    """Signed checkpoints, newest first, and the key to check them with."""
    tenant = ctx.caller.whole_tenant(WHOLE)
    found, total = await queries.checkpoints_page(ctx.db, tenant, limit=page.limit, offset=page.offset)
    head = await queries.head(ctx.db, tenant)
    newest = await proofs.newest(ctx.db, tenant)
    marks = service.Marks.of(ctx.services.settings.data_dir)
    rows = head[0] if head else 0
    return {
        **page_body("checkpoints", [proofs.as_checkpoint(row).as_json() for row in found], page, total),
        "key_id": marks.key.id if marks else None, "public_key": marks.key.pem if marks else None, "rows": rows,
        "unanchored": rows - (newest.size if newest else 0),
    }  # fmt: skip


@router.get("/api/trust/ledger/consistency", right="ledger:read", response=Consistency)
async def prove_consistency(ctx: Reading, from_: Annotated[int, Query(alias="from", ge=1)], to: int) -> Any:
    """That the first `from` entries are the beginning of the first `to` (RFC 6962)."""
    return json_reply(await proofs.consistency(ctx.db, ctx.caller.whole_tenant(WHOLE), from_, to))


@router.get("/api/trust/ledger/export", right="ledger:read", kind=StreamingResponse)
async def export_ledger(request: Request) -> StreamingResponse:
    """The whole ledger as JSON lines that prove themselves: `headgate verify FILE --key PUBLIC_KEY` needs no server."""
    services, tenant = services_of(request), caller_of(request).whole_tenant(WHOLE)
    headers = {"content-disposition": 'attachment; filename="ledger.jsonl"'}
    return StreamingResponse(_export(services, tenant), media_type="application/jsonl", headers=headers)


async def _export(services: Services, tenant: str) -> AsyncIterator[bytes]:
    async with services.database.reading() as db:
        await one_snapshot(db)
        async for chunk in export.lines(db, tenant):
            yield chunk


@router.get("/api/trust/ledger/proof/{id}", right="ledger:read", response=Proof)
async def prove_entry(ctx: Reading, id: str) -> Any:
    """That one entry is in the newest signed tree: the entry, its path to the root, and the signed root."""
    return await proofs.inclusion(ctx.db, ctx.caller.whole_tenant(WHOLE), id)


@router.get("/api/v1/audit", right="ledger:read", response=AuditEvents)
async def list_audit(ctx: Reading, page: PageQuery, asked: Annotated[AuditQuery, Depends()]) -> Any:
    """Audit events, newest first: denies, approvals, blocks, changes. `agent` is who acted, `action` what on."""
    since_us = _time("since", asked.since)
    chosen = Chosen(actor=asked.agent, target=asked.action, decision=asked.decision, since_us=since_us)
    found, total = await queries.listed(
        ctx.db, ctx.caller.whole_tenant(WHOLE), chosen, limit=page.limit, offset=page.offset
    )
    return json_reply(page_body("events", [_audit(row) for row in found], page, total))


def _audit(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "timestamp": iso(row.at_us), "kind": row.kind, "agent": row.actor, "action": row.target,
        "decision": row.decision, "runId": row.run_id, "detail": json.decode(row.detail),
        "hash": bytes(row.hash).hex() if row.hash is not None else None,
    }  # fmt: skip
