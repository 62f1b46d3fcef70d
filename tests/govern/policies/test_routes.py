"""Policies over HTTP: made, listed with their oddities, changed, removed; and what each of it leaves in the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.govern.ledger.routes import router as ledger_router
from headgate.govern.policies.routes import router
from headgate.govern.policies.service import PolicyKeeper
from headgate.testing.house import House
from tests.govern.policies.test_files import write

PATH = "/api/trust/policies"
RULES: list[dict[str, Any]] = [{"effect": "deny", "actions": ["write:*"]}]


@pytest.fixture
def client(house: House, tmp_path: Path) -> httpx2.AsyncClient:
    house.services.hot["policies"] = PolicyKeeper(house.services.database, tmp_path)
    return house.client((router, ledger_router))


async def make(client: httpx2.AsyncClient, name: str = "p", **more: Any) -> str:
    answer = await client.post(PATH, json={"name": name, "rules": RULES, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_policy_is_made_read_back_changed_and_removed(
    house: House, client: httpx2.AsyncClient
) -> None:
    policy_id = await make(client, description="no writing")
    made = (await client.get(f"{PATH}/{policy_id}")).json()
    await client.put(
        f"{PATH}/{policy_id}", json={"rules": [{"effect": "allow", "actions": ["*"]}], "enabled": False}
    )
    changed = (await client.get(f"{PATH}/{policy_id}")).json()
    await client.delete(f"{PATH}/{policy_id}")

    assert (made["config"]["description"], made["enabled"], made["rules"][0]["effect"]) == (
        "no writing",
        True,
        "deny",
    )
    assert (changed["enabled"], changed["rules"][0]["effect"], changed["name"]) == (False, "allow", "p")
    assert (await client.get(f"{PATH}/{policy_id}")).status_code == 404
    assert house.notices.told == [("policies", "ten_default")] * 3


async def test_every_change_is_in_the_ledger_with_what_was_before(client: httpx2.AsyncClient) -> None:
    policy_id = await make(client)
    await client.put(f"{PATH}/{policy_id}", json={"enabled": False})

    events = (await client.get("/api/trust/ledger", params={"resource": "p"})).json()["events"]

    assert {each["event_type"] for each in events} == {"policy.created", "policy.updated"}
    [update] = [each for each in events if each["event_type"] == "policy.updated"]
    assert (update["detail"]["before"]["enabled"], update["detail"]["after"]["enabled"]) == (True, False)


async def test_the_list_holds_files_too_and_says_what_is_odd(
    client: httpx2.AsyncClient, house: House, tmp_path: Path
) -> None:
    write(
        tmp_path,
        "good.yaml",
        "name: from-file\nrules: [{effect: allow, actions: ['*']}, {effect: deny, actions: ['a:b']}]\n",
    )
    write(tmp_path, "bad.yaml", "name: [")
    house.services.hot["policies"].files.read()
    await make(client)

    listed = (await client.get("/api/v1/policies")).json()

    assert [(each["name"], each["source"]) for each in listed["policies"]] == [
        ("from-file", "file"),
        ("p", "api"),
    ]
    assert {each["kind"] for each in listed["analysis"]} == {"unreachable_rule", "tie"}
    assert [each["file"] for each in listed["refusedFiles"]] == ["bad.yaml"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"name": "p", "rules": [{"effect": "perhaps", "actions": ["*"]}]}, "rules.0.effect"),
        ({"name": "p", "rules": [{"effect": "deny", "actions": ["x"]}]}, "rules.0.actions"),
        (
            {"name": "p", "action": "block", "rules": [{"field": "request.model", "pattern": "x"}]},
            "rules.0.field",
        ),
        ({"name": "p", "action": "block", "rules": []}, "rules"),
        ({"name": "p", "action": "block", "rules": [{"field": "content", "pattern": "("}]}, "pattern"),
        ({"rules": []}, "name"),
        ({"name": "p", "rulez": []}, "rulez"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx2.AsyncClient, body: dict[str, Any], word: str) -> None:
    answer = await client.post(PATH, json=body)

    assert answer.status_code == 400
    assert word in answer.text
