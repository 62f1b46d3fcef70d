"""Trials: a draft is judged on stored traffic, tool calls included, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.govern.ledger.routes import router as ledger_router
from headgate.govern.policies.routes import router as policies_router
from headgate.govern.policies.service import PolicyKeeper
from headgate.govern.trials.routes import router
from headgate.kernel.ids import Ids
from headgate.testing.frames import closed
from headgate.testing.house import House

PATH = "/api/v1/policies/test"
DENY_MAIL: dict[str, Any] = {"name": "d", "rules": [{"effect": "deny", "actions": ["execute:send_email"]}]}


@pytest.fixture
def client(house: House, tmp_path: Path) -> httpx2.AsyncClient:
    house.services.hot["policies"] = PolicyKeeper(house.services.database, tmp_path)
    return house.client((router, policies_router, ledger_router))


def answer(tool: str, arguments: str = "{}") -> bytes:
    function = {"name": tool, "arguments": arguments}
    message = {"role": "assistant", "tool_calls": [{"id": "x", "type": "function", "function": function}]}
    choices = [{"index": 0, "message": message, "finish_reason": "tool_calls"}]
    return json.dumps({"id": "c", "model": "m", "choices": choices}).encode()


async def stored(house: House, *tools: str, **more: Any) -> list[str]:
    ids = Ids(house.clock)
    made: list[str] = []
    for tool in tools:
        house.clock.advance(1)
        made.append(ids.new("run"))
        house.recorder.write(
            closed(made[-1], response=answer(tool, '{"amount": 5}') if tool else b"{}", **more)
        )
    assert await house.recorder.caught_up(5)
    return made


async def tried(
    client: httpx2.AsyncClient, policy: dict[str, Any] = DENY_MAIL, **more: Any
) -> dict[str, Any]:
    told = await client.post(PATH, json={"policy": policy, **more})
    assert told.status_code == 200, told.text
    return told.json()


async def test_decisions_that_would_change_are_listed_newest_first(
    house: House, client: httpx2.AsyncClient
) -> None:
    ids = await stored(house, "send_email", "", "search", "send_email")

    result = await tried(client)

    assert (result["runs"], result["actions"], result["changed"]) == (4, 7, 2)
    assert [each["runId"] for each in result["changes"]] == [ids[3], ids[0]]
    assert [(each["before"]["verdict"], each["after"]["verdict"]) for each in result["changes"]] == [
        ("allow", "deny")
    ] * 2


async def test_nothing_is_kept(house: House, client: httpx2.AsyncClient) -> None:
    await stored(house, "send_email")
    before = (await client.get("/api/trust/ledger")).json()["total"]
    await tried(client)

    assert (await client.get("/api/v1/policies")).json()["total"] == 0
    assert (await client.get("/api/trust/ledger")).json()["total"] == before


async def test_conditions_see_what_was_recorded(house: House, client: httpx2.AsyncClient) -> None:
    await stored(house, "pay")

    def rule(when: str) -> dict[str, Any]:
        return {"name": "d", "rules": [{"effect": "deny", "actions": ["execute:pay"], "when": when}]}

    assert (await tried(client, rule("args.amount > 4 && model == 'gpt-4o'")))["changed"] == 1
    assert (await tried(client, rule("args.amount > 5")))["changed"] == 0


async def test_a_draft_may_replace_a_policy_and_runs_may_be_chosen(
    house: House, client: httpx2.AsyncClient
) -> None:
    await stored(house, "send_email", agent="anna")
    await stored(house, "send_email", agent="ben")
    made = (await client.post("/api/trust/policies", json=DENY_MAIL | {"name": "held"})).json()["id"]
    allowing = {"name": "held", "rules": [{"effect": "allow", "actions": ["*"]}]}

    result = await tried(client, allowing, replaces=made, agent="anna")

    assert (result["runs"], result["changed"], result["changes"][0]["agent"]) == (1, 1, "anna")


async def test_what_is_wrong_is_named(client: httpx2.AsyncClient) -> None:
    for body, word in (
        ({"policy": {"name": "d", "rules": [{}]}}, "rules.0"),
        ({"policy": DENY_MAIL, "replaces": "pol_x"}, "replaces"),
        ({"policy": DENY_MAIL, "since": "yesterday"}, "since"),
        ({"policy": DENY_MAIL, "limit": 10_001}, "limit"),
    ):
        told = await client.post(PATH, json=body)
        assert told.status_code == 400
        assert word in told.text
