"""What a call goes on from: recalled before a model is asked, never across a wall."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.call.caller import DEFAULT_APP, DEFAULT_TENANT, Caller
from headgate.record.responses.hot import ResponseMemory
from headgate.testing.house import House
from headgate.wire.responses.history import NOTE, PreviousNotFound
from headgate.wire.responses.spec import SPEC
from tests.record.responses.test_service import FIRST, run

pytestmark = pytest.mark.asyncio


def call(previous: str, *, subject: str = "ann", tenant: str = DEFAULT_TENANT, **fields: Any) -> Call:
    body = json.dumps(
        {"model": "gpt-4o", "input": "and?", "previous_response_id": previous} | fields
    ).encode()
    made = Call(
        run_id="run_1", wire="openai.responses", endpoint=SPEC.path, caller=Caller(tenant, "pk"), headers={}, body=body,
        view=SPEC.parse(body), received_us=0, t0=0.0,
    )  # fmt: skip
    made.app, made.subject = DEFAULT_APP, subject
    return made


def memory(house: House) -> ResponseMemory:
    return ResponseMemory(house.services.database, house.recorder, house.clock)


async def test_a_call_gets_the_talk_before_it(house: House):
    house.recorder.write(run(FIRST, "resp_hg1", "hi Ann"))
    asked = call("resp_hg1")
    await memory(house).recall(asked)
    assert len(asked.notes[NOTE].items) == 2 and asked.notes[NOTE].home == ""


async def test_a_call_that_begins_a_talk_asks_nothing(house: House):
    asked = call("x", previous_response_id=None)
    await memory(house).recall(asked)
    assert NOTE not in asked.notes


@pytest.mark.parametrize(("subject", "tenant"), [("bob", DEFAULT_TENANT), ("ann", "ten_other")])
async def test_a_talk_beyond_a_wall_is_refused_even_if_a_provider_knows_it(
    house: House, subject: str, tenant: str
):
    house.recorder.write(run(FIRST, "resp_of_openai", "hi Ann", provider="openai"))
    assert await house.recorder.caught_up(5)
    with pytest.raises(PreviousNotFound):
        await memory(house).recall(call("resp_of_openai", subject=subject, tenant=tenant))


async def test_a_response_that_nobody_here_has_made_is_the_providers_to_know(house: House):
    asked = call("resp_made_elsewhere")
    await memory(house).recall(asked)
    assert NOTE not in asked.notes


async def test_one_of_ours_that_is_gone_is_an_error(house: House):
    with pytest.raises(PreviousNotFound):
        await memory(house).recall(call("resp_hg_gone"))
