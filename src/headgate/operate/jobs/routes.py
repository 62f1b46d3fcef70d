"""`/api/v1/jobs`: the background work of the tenant; what is dead can be tried again, what is open stopped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response

from headgate.operate.jobs import service
from headgate.operate.jobs.schemas import JobList, JobView
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import PageQuery, Router, json_reply

router = Router("jobs")

Status = Annotated[
    str | None,
    Query(description="Only jobs in this state: queued, running, succeeded, failed, dead, cancelled."),
]


@router.get("/api/v1/jobs", right="jobs:read", response=JobList)
async def list_jobs(context: Reading, page: PageQuery, status: Status = None) -> Response:
    """List background jobs, newest first, and how many there are in each state."""
    return json_reply(await service.list_jobs(context.db, context.caller, status, page))


@router.post("/api/v1/jobs/{id}/retry", right="jobs:write", response=JobView)
async def retry_job(ctx: Writing, id: str) -> Any:
    """Run a dead, failed or cancelled job once more, its attempts counted from the beginning. It is in the ledger."""
    ctx.changed(service.NOTICE_PART)
    return await _foreman(ctx).retry(ctx.db, id)


@router.post("/api/v1/jobs/{id}/cancel", right="jobs:write", response=JobView)
async def cancel_job(ctx: Writing, id: str) -> Any:
    """Stop a job that waits or runs; a running one stops within seconds. It is in the ledger."""
    return await _foreman(ctx).cancel(ctx.db, id)


def _foreman(ctx: Context) -> service.Foreman:
    return service.Foreman(ctx.caller, ctx.ids, ctx.clock)
