"""`GET /api/v1/jobs`: the background work of the tenant."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from headgate.operate.jobs import service
from headgate.operate.jobs.schemas import JobList
from headgate.rim.context import Reading
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
