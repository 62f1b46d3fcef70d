"""Kept responses: what a later call goes on from, within the walls, and no longer than it may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.caller import DEFAULT_APP, DEFAULT_TENANT, Caller
from headgate.record.responses import service
from headgate.record.responses.service import ResponseNotFound, Walls
from headgate.record.runs.service import Look, forget_responses
from headgate.testing.frames import closed
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio

FIRST, SECOND = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B", "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4C"
WALLS = Walls(DEFAULT_APP, "ann")


def run(run_id: str, response_id: str, said: str, **given: Any) -> Any:
    """A call of the Responses API whose answer is kept."""
    request = {"model": "gpt-4o", "input": given.pop("asked", "hello"), **given.pop("more", {})}
    content = [{"type": "output_text", "text": said, "annotations": []}]
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    response = {"id": response_id, "object": "response", "status": "completed", "output": [item]}
    return closed(
        run_id, wire="openai.responses", endpoint="/v1/responses", subject="ann", request=json.dumps(request).encode(),
        response=json.dumps(response).encode(), explanation={"response_id": response_id}, **given,
    )  # fmt: skip


async def items_of(
    house: House, response_id: str, walls: Walls = WALLS, tenant: str = DEFAULT_TENANT
) -> list[Any]:
    async with house.services.database.reading() as db:
        look = Look(db, Caller(tenant, "pk"), house.recorder, house.clock)
        return [json.loads(item) for item in (await service.history(look, walls, response_id)).items]


def texts(items: list[Any]) -> list[str]:
    return [
        item["content"] if isinstance(item["content"], str) else item["content"][0]["text"] for item in items
    ]


async def test_a_talk_is_put_together_from_its_turns(house: House):
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann"))
    more = {"previous_response_id": "resp_hg1"}
    house.recorder.write(run(SECOND, "resp_hg2", "fine", asked="how are you?", more=more))
    assert texts(await items_of(house, "resp_hg2")) == ["hello", "hi Ann", "how are you?", "fine"]


async def test_a_response_that_a_provider_made_names_its_home(house: House):
    house.recorder.write(run(FIRST, "resp_of_openai", "hi", provider="openai"))
    async with house.services.database.reading() as db:
        look = Look(db, Caller(DEFAULT_TENANT, "pk"), house.recorder, house.clock)
        assert (await service.history(look, WALLS, "resp_of_openai")).home == "openai"


@pytest.mark.parametrize(
    "walls", [Walls(DEFAULT_APP, "bob"), Walls("other-app", "ann"), Walls(DEFAULT_APP, "")]
)
async def test_nobody_goes_on_from_a_response_of_another_subject_or_app(house: House, walls: Walls):
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann"))
    with pytest.raises(ResponseNotFound):
        await items_of(house, "resp_hg1", walls)


async def test_nobody_goes_on_from_a_response_of_another_tenant(house: House):
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann"))
    with pytest.raises(ResponseNotFound):
        await items_of(house, "resp_hg1", tenant="ten_other")
    async with house.services.database.reading() as db:
        assert await service.is_hidden(
            Look(db, Caller("ten_other", "pk"), house.recorder, house.clock), "resp_hg1"
        )


async def test_a_deleted_response_is_gone_and_so_is_the_talk_that_stood_on_it(house: House):
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann"))
    house.recorder.write(run(SECOND, "resp_hg2", "fine", more={"previous_response_id": "resp_hg1"}))
    async with house.services.database.writing() as db:
        await service.delete(
            Look(db, Caller(DEFAULT_TENANT, "pk"), house.recorder, house.clock), WALLS, "resp_hg1"
        )
    for gone in ("resp_hg1", "resp_hg2"):
        with pytest.raises(ResponseNotFound):
            await items_of(house, gone)


async def test_a_stream_is_gone_on_from_like_a_whole_answer(house: House):
    whole = run(FIRST, "resp_hg1", "hi Ann")
    event = (
        b'event: response.completed\ndata: {"type":"response.completed","response":%b}\n\n' % whole.response
    )
    whole.response = event
    house.recorder.write(whole)
    assert texts(await items_of(house, "resp_hg1")) == ["hello", "hi Ann"]


async def test_old_responses_are_forgotten(house: House):
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann", at_us=1_000))
    assert await items_of(house, "resp_hg1")
    async with house.services.database.writing() as db:
        assert await forget_responses(db, 2_000, 10) == 1
    with pytest.raises(ResponseNotFound):
        await items_of(house, "resp_hg1")


async def test_an_answer_that_is_cut_off_on_record_is_not_gone_on_from(house: House):
    frame = run(FIRST, "resp_hg1", "hi Ann")
    frame.response = b'event: response.created\ndata: {"type":"response.created","response":{}}\n\n'
    house.recorder.write(frame)
    with pytest.raises(ResponseNotFound):
        await items_of(house, "resp_hg1")
