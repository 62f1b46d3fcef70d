"""A replay is really asked, in the name of whoever wanted it, and compared with what was recorded of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from headgate.call.ports import Answer, Ask
from headgate.govern.evidence.jobs import REPLAY
from headgate.govern.evidence.routes import router
from headgate.kernel.errors import Forbidden
from headgate.operate.jobs import service as jobs
from headgate.operate.jobs.schemas import JobContext, JobServices, Json
from headgate.testing.frames import closed
from headgate.testing.house import House
from tests.govern.evidence.test_replays import CHAT, answer

RUN, AGAIN = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B", "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4C"
PATH = "/api/trust/replays"


class Port:
    """A gateway that answers with `body`, and keeps its runs as one does; or refuses."""

    def __init__(self, house: House, body: bytes, *, refuses: bool = False) -> None:
        self.asked: list[Ask] = []
        self._house, self._body, self._refuses = house, body, refuses

    async def ask(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        if self._refuses:
            raise Forbidden("No.")
        self._house.recorder.write(
            closed(AGAIN, response=self._body, request=ask.body, parent_run=ask.parent_run)
        )
        return Answer(200, self._body, {"x-punk-run-id": AGAIN})


@pytest.fixture
async def client(house: House) -> httpx2.AsyncClient:
    house.recorder.write(
        closed(RUN, request=json.dumps(CHAT).encode(), response=answer("one two three four"))
    )
    assert await house.recorder.caught_up(5)
    return house.client([router])


async def run_job(house: House, port: Port) -> list[Json]:
    """What the worker does with the one job; gives the progress that it told."""
    told: list[Json] = []
    given = house.services
    services = JobServices(given.database, given.clock, given.ids, given.notices, port, given.settings)

    async def progress(value: Json) -> None:
        told.append(value)

    async def step(_name: str, work: Any, /) -> Json:
        return await work()

    async with given.database.writing() as db:
        (job,) = await jobs.claim(db, jobs.Worker("one", given.clock), [REPLAY.kind], limit=5)
    await REPLAY.run(JobContext(job, services, step, progress))
    return told


async def test_a_replay_is_asked_compared_and_scored(house: House, client: httpx2.AsyncClient) -> None:
    port = Port(house, answer("one two five six"))
    made = await client.post(PATH, json={"original_request_id": RUN, "model": "gpt-4"})
    queued = (await client.get(PATH)).json()["replays"][0]

    progress = await run_job(house, port)
    done = (await client.get(PATH)).json()["replays"][0]

    assert (made.status_code, made.json()["status"], queued["status"]) == (202, "queued", "queued")
    assert ("jobs", "ten_default") in house.notices.told
    assert [each["done"] for each in progress] == [1, 2, 3]
    (ask,) = port.asked
    assert (ask.caller.tenant, ask.fresh, json.loads(ask.body)["model"]) == ("ten_default", True, "gpt-4")
    assert (done["status"], done["match_score"], done["method"], done["replay_run_id"]) == (
        "completed",
        0.5,
        "words",
        AGAIN,
    )
    assert done["finished_at"] is not None


async def test_a_refused_replay_says_why(house: House, client: httpx2.AsyncClient) -> None:
    await client.post(PATH, json={"original_request_id": RUN})
    await run_job(house, Port(house, b"", refuses=True))
    done = (await client.get(PATH)).json()["replays"][0]

    assert (done["status"], done["error"], done["match_score"]) == ("failed", "No.", None)


async def test_the_callers_own_provider_key_is_never_kept(house: House) -> None:
    headers = {"x-headgate-provider-key": "sk-own-key-of-the-caller"}
    client = house.client([router], headers=headers)
    house.recorder.write(closed(RUN, request=json.dumps(CHAT).encode(), response=answer("x")))
    await client.post(PATH, json={"original_request_id": RUN})
    port = Port(house, answer("x"))
    await run_job(house, port)

    assert port.asked[0].caller == replace(port.asked[0].caller, provider_key=None)


async def test_what_cannot_be_replayed_is_refused_at_once(house: House, client: httpx2.AsyncClient) -> None:
    house.recorder.write(closed(AGAIN, response=b""))
    for run_id, status in (("run_none", 404), (AGAIN, 409)):
        told = await client.post(PATH, json={"original_request_id": run_id})
        assert told.status_code == status, told.text
