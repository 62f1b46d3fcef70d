"""Inner calls go through `serve` like everybody else: as the caller they name, on record, with the whole answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.call.caller import Caller, open_caller
from headgate.call.ports import Ask
from headgate.identity.keys.hot import as_header
from headgate.kernel.errors import Forbidden
from tests.gateway.conftest import Running, serving
from tests.gateway.http import chat

PATH = "/v1/chat/completions"


async def test_an_inner_call_is_a_run_with_its_names_and_its_parent(running: Running) -> None:
    body = json.dumps(chat()).encode()
    ask = Ask(PATH, open_caller(), body, app="lab", agent="judge", subject="anna", parent_run="run_0")

    answer = await running.house.calls.ask(ask)
    run = await running.run(answer.run_id)

    assert (answer.status, json.loads(answer.body)["object"]) == (200, "chat.completion")
    assert [run[name] for name in ("app", "agent", "subject", "status")] == [
        "lab",
        "judge",
        "anna",
        "completed",
    ]


async def test_a_stream_comes_whole_and_is_settled(running: Running) -> None:
    answer = await running.house.calls.ask(Ask(PATH, open_caller(), json.dumps(chat(stream=True)).encode()))

    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (await running.run(answer.run_id))["status"] == "completed"


async def test_it_may_do_no_more_than_the_caller_it_speaks_for(running: Running) -> None:
    reader = Caller("ten_default", "pk", frozenset({"runs:read"}))

    with pytest.raises(Forbidden):
        await running.house.calls.ask(Ask(PATH, reader, json.dumps(chat()).encode()))


async def test_the_internal_way_is_closed_from_outside(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", api_key="boot") as running:
        token = running.house.keeper.plane.door.rules.internal.decode()
        headers = {"authorization": f"Bearer {token}", "x-headgate-as": as_header(open_caller()).decode()}

        answer = await running.ask(chat(), headers=headers)

    assert answer.status == 401


async def test_a_fresh_inner_call_is_answered_by_a_model_whatever_is_cached(running: Running) -> None:
    body = json.dumps(chat() | {"temperature": 0}).encode()
    routes: list[str] = []
    for fresh in (False, False, True):
        answer = await running.house.calls.ask(Ask(PATH, open_caller(), body, fresh=fresh))
        routes.append(answer.headers["x-punk-route"])

    assert routes == ["live", "exact_cache", "live"]
