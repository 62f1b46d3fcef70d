"""Looking into a run: what became of its bodies is said, whatever happened to them, and is never an error."""

from __future__ import annotations

import httpx2
import pytest
import sqlalchemy as sa

from headgate.call.frames import Attempt
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.routes import router
from headgate.record.runs.tables import payloads, subject_keys
from headgate.testing.frames import closed
from headgate.testing.house import House


@pytest.fixture
async def run_id(house: House) -> str:
    made = Ids(SystemClock()).new("run")
    house.recorder.write(closed(made))
    assert await house.recorder.caught_up(5)
    return made


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router,))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (payloads.update().values(data=b"short"), "damaged"),
        (payloads.update().values(data=bytes(500)), "damaged"),
        (subject_keys.update().values(wrapped=bytes(60)), "damaged"),
        (subject_keys.update().values(wrapped=b""), "damaged"),
        (subject_keys.update().values(wrapped=None), "subject erased"),
        (payloads.update().values(data=None, removed_us=0, removed_why="age"), "age"),
    ],
)
async def test_bodies_that_are_gone_or_broken_are_said_to_be(
    house: House, client: httpx2.AsyncClient, run_id: str, change: sa.Executable, why: str
) -> None:
    async with house.services.database.writing() as db:
        await db.execute(change)
    answer = await client.get(f"/api/v1/runs/{run_id}")

    assert answer.status_code == 200, answer.text
    run = answer.json()["run"]
    assert (run["request"], run["response"], run["payloadRemoved"]["why"]) == (None, None, why)


async def test_a_repeat_of_a_run_that_is_gone_has_no_bodies(house: House, client: httpx2.AsyncClient) -> None:
    made = Ids(SystemClock()).new("run")
    house.recorder.write(closed(made, request=b"", response=b"", same_as="run_gone"))
    assert await house.recorder.caught_up(5)

    assert (await client.get(f"/api/v1/runs/{made}")).json()["run"]["request"] is None


async def test_a_run_nobody_knows_is_named(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/runs/run_none")

    assert (answer.status_code, answer.json()["runId"], answer.json()["code"]) == (
        404,
        "run_none",
        "punk_not_found",
    )


async def test_every_try_at_a_provider_is_a_row_under_its_run(
    house: House, client: httpx2.AsyncClient
) -> None:
    tries = [
        Attempt(
            1,
            1_767_225_600_000_000,
            1500,
            "first",
            "k1",
            "gpt-4o",
            "unknown",
            0,
            "reset",
            100,
            0,
            250_000_000,
        ),
        Attempt(2, 1_767_225_600_002_000, 900, "second", "", "gpt-4o-mini", "answered", 200),
    ]
    made = Ids(SystemClock()).new("run")
    house.recorder.write(closed(made, attempts=tries))
    undrained = (await client.get(f"/api/v1/runs/{made}")).json()["attempts"]
    assert await house.recorder.caught_up(5)

    kept = (await client.get(f"/api/v1/runs/{made}")).json()["attempts"]

    assert kept == undrained
    assert [(each["number"], each["provider"], each["outcome"], each["reason"]) for each in kept] == [
        (1, "first", "unknown", "reset"), (2, "second", "answered", ""),
    ]  # fmt: skip
    assert (kept[0]["costUsd"], kept[0]["estimated"], kept[0]["status"]) == (0.00025, True, None)
    assert (kept[1]["costUsd"], kept[1]["estimated"], kept[1]["status"]) == (None, False, 200)
