"""`/api/v1/approvals`."""

from __future__ import annotations

from typing import Any, cast

from headgate.govern.approvals import queries, service
from headgate.govern.approvals.schemas import Approval, Approvals, Decision, Status
from headgate.govern.approvals.service import PART, Decider, NoSuchApproval, Vote
from headgate.identity.settings.hot import SettingsBook
from headgate.kernel.clock import to_us
from headgate.kernel.pages import page_body
from headgate.rim.context import CaughtUp, Context, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("approvals")


@router.get("/api/v1/approvals", right="approvals:read", response=Approvals)
async def list_approvals(_: CaughtUp, ctx: Reading, page: PageQuery, status: Status | None = None) -> Any:
    """What waits for a decision, or was decided; newest first."""
    now_us = to_us(ctx.clock.now())
    rows, total = await queries.listed(ctx.db, ctx.caller, status, now_us, page)
    return page_body("approvals", await service.shown(ctx.db, ctx.tenant, rows, now_us), page, total)


@router.get("/api/v1/approvals/{id}", right="approvals:read", response=Approval)
async def get_approval(_: CaughtUp, ctx: Reading, id: str) -> Any:
    """One approval with its votes."""
    row = await queries.one(ctx.db, ctx.caller, id)
    if row is None:
        raise NoSuchApproval(f"There is no approval {id!r}.", id=id)
    return (await service.shown(ctx.db, ctx.tenant, [row], to_us(ctx.clock.now())))[0]


@router.post("/api/v1/approvals/{id}/approve", right="approvals:admin", response=Approval)
async def approve(_: CaughtUp, ctx: Writing, id: str, body: Decision | None = None) -> Any:
    """Approve. When enough have, the refused call passes once when it is made again exactly as it was."""
    return await _vote(ctx, id, "approve", body)


@router.post("/api/v1/approvals/{id}/reject", right="approvals:admin", response=Approval)
async def reject(_: CaughtUp, ctx: Writing, id: str, body: Decision | None = None) -> Any:
    """Reject. One rejection is enough; a later wish for the same is a new approval."""
    return await _vote(ctx, id, "reject", body)


async def _vote(ctx: Context, approval_id: str, vote: Vote, body: Decision | None) -> dict[str, Any]:
    hours = cast(SettingsBook, ctx.services.hot["settings"]).get(ctx.tenant, "approval_exception_ttl_hours")
    decider = Decider(ctx.caller, ctx.ids, ctx.clock, float(hours))
    decided = await service.vote(ctx.db, decider, approval_id, vote, body.reason if body else "")
    ctx.changed(PART)
    return decided
