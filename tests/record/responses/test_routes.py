"""`/v1/responses/{id}`: read again, listed, deleted, as the SDK does it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from headgate.record.responses.routes import router
from headgate.testing.house import House
from tests.record.responses.test_service import FIRST, SECOND, run

pytestmark = pytest.mark.asyncio

AS_ANN = {"x-punk-subject": "ann"}


async def client(house: House) -> httpx2.AsyncClient:
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann"))
    house.recorder.write(
        run(SECOND, "resp_hg2", "fine", asked="how are you?", more={"previous_response_id": "resp_hg1"})
    )
    assert await house.recorder.caught_up(5)
    return house.client((router,))


async def test_a_response_is_read_again_as_it_was_made(house: House):
    asked = await (await client(house)).get("/v1/responses/resp_hg1", headers=AS_ANN)
    assert asked.status_code == 200
    assert asked.json()["output"][0]["content"][0]["text"] == "hi Ann"


async def test_a_response_is_read_again_as_a_stream(house: House):
    http = await client(house)
    asked = await http.get("/v1/responses/resp_hg1?stream=true", headers=AS_ANN)
    assert asked.headers["content-type"].startswith("text/event-stream")
    assert asked.text.startswith("event: response.created") and "response.completed" in asked.text
    rest = await http.get("/v1/responses/resp_hg1?stream=true&starting_after=1", headers=AS_ANN)
    assert rest.text == asked.text[asked.text.index("event: response.output_item.added") :]


async def test_items_are_listed_page_by_page(house: House):
    http = await client(house)
    first = (await http.get("/v1/responses/resp_hg2/input_items?limit=2", headers=AS_ANN)).json()
    assert [item["content"][0]["text"] for item in first["data"]] == ["how are you?", "hi Ann"] and first[
        "has_more"
    ]
    rest = (
        await http.get(f"/v1/responses/resp_hg2/input_items?after={first['last_id']}", headers=AS_ANN)
    ).json()
    assert [item["content"][0]["text"] for item in rest["data"]] == ["hello"] and not rest["has_more"]
    forth = (await http.get("/v1/responses/resp_hg2/input_items?order=asc", headers=AS_ANN)).json()
    assert [item["role"] for item in forth["data"]] == ["user", "assistant", "user"]
    assert (
        await http.get("/v1/responses/resp_hg2/input_items?after=nothing", headers=AS_ANN)
    ).status_code == 400


async def test_a_deleted_response_is_gone(house: House):
    http = await client(house)
    gone = await http.delete("/v1/responses/resp_hg1", headers=AS_ANN)
    assert gone.json() == {"id": "resp_hg1", "object": "response", "deleted": True}
    for verb, path in (("GET", ""), ("GET", "/input_items"), ("DELETE", "")):
        assert (await http.request(verb, f"/v1/responses/resp_hg1{path}", headers=AS_ANN)).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"x-punk-subject": "bob"}, {**AS_ANN, "x-punk-app": "other"}])
async def test_nobody_else_sees_it(house: House, headers: dict[str, str]):
    http = await client(house)
    for verb, path in (("GET", ""), ("GET", "/input_items"), ("DELETE", "")):
        answer = await http.request(verb, f"/v1/responses/resp_hg1{path}", headers=headers)
        assert answer.status_code == 404 and "Ann" not in answer.text
        error: Any = json.loads(answer.text)["error"]
        assert error["param"] == "response_id"
