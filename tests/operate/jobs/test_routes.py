"""`/api/v1/jobs`: the shape of the reference, filter and page, the wall between tenants, retry and cancel."""

from __future__ import annotations

import pytest

from headgate.call.caller import DEFAULT_TENANT
from headgate.govern.ledger.routes import router as ledger_router
from headgate.operate.jobs.routes import router
from headgate.operate.jobs.schemas import STATES, JobContext, JobSpec, Json
from headgate.operate.jobs.service import Enqueuer, NewJob
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio


async def _nothing(context: JobContext) -> Json:
    return {}


async def _enqueue(house: House, kind: str, tenant: str) -> str:
    services = house.services
    async with services.database.writing() as db:
        return await Enqueuer(services.ids, services.clock).enqueue(
            db, NewJob(JobSpec(kind, _nothing), tenant)
        )


async def test_the_list_has_jobs_stats_and_a_page(house: House) -> None:
    for kind in ("one", "two", "three"):
        await _enqueue(house, kind, DEFAULT_TENANT)
    await _enqueue(house, "elsewhere", "ten_other")
    client = house.client([router])
    body = (await client.get("/api/v1/jobs", params={"limit": 2})).json()
    assert [job["kind"] for job in body["jobs"]] == ["three", "two"]
    assert body["stats"] == dict.fromkeys(STATES, 0) | {"queued": 3, "total": 3}
    assert (body["total"], body["has_more"]) == (3, True)
    assert body["jobs"][0].keys() >= {"id", "status", "attempts", "createdAt", "result", "error"}
    assert (await client.get("/api/v1/jobs?status=dead")).json()["jobs"] == []


async def test_what_is_cancelled_can_be_retried_and_both_are_in_the_ledger(house: House) -> None:
    mine = await _enqueue(house, "one", DEFAULT_TENANT)
    theirs = await _enqueue(house, "elsewhere", "ten_other")
    client = house.client([router, ledger_router])

    cancelled = await client.post(f"/api/v1/jobs/{mine}/cancel")
    again = await client.post(f"/api/v1/jobs/{mine}/cancel")
    retried = await client.post(f"/api/v1/jobs/{mine}/retry")

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (
        409,
        "punk_job_state",
        "cancelled",
    )
    assert (retried.status_code, retried.json()["status"]) == (200, "queued")
    assert house.notices.told == [("jobs", DEFAULT_TENANT)]  # the worker looks at once
    assert (await client.post(f"/api/v1/jobs/{theirs}/retry")).status_code == 404
    events = (await client.get("/api/trust/ledger")).json()["events"]
    assert {(each["event_type"], each["resource"]) for each in events} == {
        ("job.cancelled", mine), ("job.retried", mine),
    }  # fmt: skip


async def test_an_unknown_status_is_a_bad_request_that_names_the_field(house: House) -> None:
    answer = await house.client([router]).get("/api/v1/jobs?status=lost")
    assert answer.status_code == 400
    assert answer.json()["param"] == "status" and answer.json()["code"] == "punk_invalid_request"
