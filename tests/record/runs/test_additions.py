"""What is added to a run from outside: bounded, attributed to whoever called, and never spend."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.additions import MAX_CORRECTION_BYTES, MAX_EVENT_BYTES
from headgate.record.runs.routes import router
from headgate.testing.frames import closed
from headgate.testing.house import House


@pytest.fixture
def run_id(house: House) -> str:
    made = Ids(SystemClock()).new("run")
    house.recorder.write(closed(made))
    return made


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router,))


@pytest.mark.parametrize("name", ["a", "tool.called", "x" * 128, "a:b-c_d.1"])
async def test_an_event_may_have_any_plain_name(client: httpx2.AsyncClient, run_id: str, name: str) -> None:
    answer = await client.post("/api/v1/trace", json={"runId": run_id, "type": name, "payload": {}})

    assert (answer.status_code, answer.json()["type"]) == (200, name)


@pytest.mark.parametrize("name", ["", ".a", "x" * 129, "a b", "a\n", "é"])
async def test_any_other_name_is_refused(client: httpx2.AsyncClient, run_id: str, name: str) -> None:
    answer = await client.post("/api/v1/trace", json={"runId": run_id, "type": name, "payload": {}})

    assert (answer.status_code, answer.json()["param"]) == (400, "type")


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (1, 413)])
async def test_an_event_and_a_correction_are_bounded(
    client: httpx2.AsyncClient, run_id: str, spare: int, status: int
) -> None:
    text = "x" * (MAX_EVENT_BYTES - len('{"t":""}') + spare)
    traced = await client.post("/api/v1/trace", json={"runId": run_id, "type": "a", "payload": {"t": text}})
    correction = "y" * (MAX_CORRECTION_BYTES + spare)
    rated = await client.post(f"/api/v1/runs/{run_id}/feedback", json={"correction": correction})

    assert (traced.status_code, rated.status_code) == (status, status)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"rating": 1}, "rating"),
        ({"correction": "no"}, "correction"),
        ({"rating": -1, "correction": "no"}, "rating"),
        ({"type": "correction", "rating": -1, "correction": "no"}, "correction"),
    ],
)
async def test_feedback_is_of_the_kind_it_says_or_looks_like(
    client: httpx2.AsyncClient, run_id: str, body: dict[str, Any], kind: str
) -> None:
    answer = await client.post(f"/api/v1/runs/{run_id}/feedback", json=body)

    assert answer.json()["feedback"]["type"] == kind


async def test_an_ingested_prompt_has_the_names_of_its_headers(client: httpx2.AsyncClient) -> None:
    headers = {"x-punk-app": "ide", "x-punk-agent": "bot", "x-punk-subject": "anna"}
    made = await client.post("/api/v1/ingest/prompt", json={"source": "x", "prompt": "p"}, headers=headers)
    run = (await client.get(f"/api/v1/runs/{made.json()['runId']}")).json()["run"]

    assert (run["app"], run["agent"], run["subject"], run["preview"]) == ("ide", "bot", "anna", "p")
