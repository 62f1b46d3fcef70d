"""Policies on content: compiled to guardrail rules that follow every change of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.govern.guardrails.routes import router as guardrails_router
from headgate.govern.policies.routes import router
from headgate.govern.policies.service import PolicyKeeper
from headgate.testing.house import House

PATH = "/api/trust/policies"


@pytest.fixture
def client(house: House, tmp_path: Path) -> httpx2.AsyncClient:
    house.services.hot["policies"] = PolicyKeeper(house.services.database, tmp_path)
    return house.client((router, guardrails_router))


async def rules(client: httpx2.AsyncClient) -> list[tuple[str, str, str, bool]]:
    listed = (await client.get("/api/guardrails")).json()["rules"]
    return sorted((each["pattern"], each["action"], each["direction"], each["enabled"]) for each in listed)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"action": "block", "rules": [{"field": "response.content", "pattern": each} for each in ("a+", "b")]},
            [("(?:a+)|(?:b)", "block", "output", True)],
        ),
        (
            {"action": "warn", "rules": [{"field": "request.content", "operator": "contains", "pattern": "a.b"}]},
            [("a\\.b", "warn", "input", True)],
        ),
        ({"type": "redact", "config": {"pattern": "x", "target": "both"}}, [("(?:x)", "redact", "both", True)]),
        (
            {"action": "log", "rules": [{"field": "request.content", "pattern": "a"}, {"field": "content", "pattern": "b"}]},
            [("(?:a)", "log", "input", True), ("(?:b)", "log", "both", True)],
        ),
    ],
)  # fmt: skip
async def test_it_becomes_rules(
    client: httpx2.AsyncClient, body: dict[str, Any], expected: list[Any]
) -> None:
    answer = await client.post(PATH, json={"name": "c", **body})

    assert answer.status_code == 201, answer.text
    assert await rules(client) == expected


async def test_its_rules_follow_it(house: House, client: httpx2.AsyncClient) -> None:
    body = {"name": "c", "action": "block", "rules": [{"field": "content", "pattern": "a"}]}
    policy_id = (await client.post(PATH, json=body)).json()["id"]
    await client.put(f"{PATH}/{policy_id}", json={"enabled": False})
    off = await rules(client)
    await client.put(f"{PATH}/{policy_id}", json={"action": "warn", "enabled": True})
    changed = await rules(client)
    listed = (await client.get(PATH)).json()["policies"]
    await client.delete(f"{PATH}/{policy_id}")

    assert off == [("(?:a)", "block", "both", False)]
    assert changed == [("(?:a)", "warn", "both", True)]
    assert [(each["name"], each["action"]) for each in listed] == [("c", "warn")]
    assert await rules(client) == []
    assert ("guardrails", "ten_default") in house.notices.told


async def test_rules_that_belong_to_no_policy_are_listed_as_guardrails(client: httpx2.AsyncClient) -> None:
    await client.post("/api/guardrails", json={"name": "own", "pattern": "x"})

    listed = (await client.get("/api/v1/policies")).json()["policies"]

    assert [(each["name"], each["source"]) for each in listed] == [("own", "guardrail")]
