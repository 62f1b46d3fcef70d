"""Feedback of both APIs is in one list, and the status tells what is: a broken chain is a broken chain."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from headgate.govern.evidence.routes import router
from headgate.govern.ledger.routes import router as ledger_router
from headgate.govern.ledger.tables import ledger as rows
from headgate.record.runs.routes import router as runs_router
from headgate.testing.frames import closed
from headgate.testing.house import House

RUN = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"
PATH = "/api/trust/feedback"


@pytest.fixture
async def client(house: House) -> httpx2.AsyncClient:
    house.recorder.write(closed(RUN))
    assert await house.recorder.caught_up(5)
    return house.client((router, ledger_router, runs_router))


async def test_feedback_of_both_apis_is_in_one_table(client: httpx2.AsyncClient) -> None:
    told = await client.post(
        PATH, json={"request_id": RUN, "user_email": "a@b.c", "rating": 4, "comment": "good"}
    )
    await client.post(f"/api/v1/runs/{RUN}/feedback", json={"type": "rating", "rating": -1})

    listed = (await client.get(PATH)).json()
    run = (await client.get(f"/api/v1/runs/{RUN}")).json()["run"]

    assert (told.status_code, told.json()["status"]) == (201, "submitted")
    by_type = {each["type"]: each for each in listed["feedback"]}
    assert listed["count"] == 2
    assert (by_type["stars"]["rating"], by_type["stars"]["user_email"], by_type["stars"]["comment"]) == (
        4,
        "a@b.c",
        "good",
    )
    assert by_type["rating"]["rating"] == -1
    assert len(run["feedback"]) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"request_id": RUN}, 400), ({"request_id": RUN, "rating": 6}, 400), ({"rating": 1}, 400),
        ({"request_id": "run_none", "rating": 1}, 404),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused(
    client: httpx2.AsyncClient, body: dict[str, Any], status: int
) -> None:
    assert (await client.post(PATH, json=body)).status_code == status


async def test_the_status_counts_and_verifies(house: House, client: httpx2.AsyncClient) -> None:
    await client.post(PATH, json={"request_id": RUN, "rating": 5})
    before = (await client.get("/api/trust/status")).json()
    async with house.services.database.writing() as db:
        await db.execute(sa.update(rows).where(rows.c.seq == 1).values(actor="nobody"))
    kept = (await client.get("/api/trust/status")).json()
    house.clock.advance(61)
    after = (await client.get("/api/trust/status")).json()

    assert (before["chain_valid"], before["status"], before["feedback_count"]) == (True, "ok", 1)
    assert before["ledger_events"] >= 1 and before["verified_rows"] >= 1
    assert (kept["chain_valid"], kept["verified_at"]) == (True, before["verified_at"])  # a minute old at most
    assert (after["chain_valid"], after["status"]) == (False, "broken")
    assert "not what was chained" in after["reason"]
