"""Traced side effects pass the gate: denied, waiting for approval, or held back by untrusted influence on their run."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from headgate.govern.approvals.hot import Gate
from headgate.govern.approvals.routes import router as approvals_router
from headgate.govern.approvals.service import load_book
from headgate.govern.ledger.routes import router as ledger_router
from headgate.govern.policies.hot import PolicyBook
from headgate.kernel.ids import Ids
from headgate.record.runs.routes import router
from headgate.testing.frames import closed
from headgate.testing.house import House
from tests.govern.policies.test_hot import allow, deny, loaded


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router, approvals_router, ledger_router))


def rule(house: House, *rules: dict[str, Any]) -> None:
    book = PolicyBook()
    book.fill([], {"ten_default": [loaded("p", *rules)]})
    house.services.hot["gate"] = Gate(book, house.services.hot["approvals"], house.clock)


async def run(house: House) -> str:
    run_id = Ids(house.clock).new("run")
    house.recorder.write(closed(run_id, agent="anna"))
    assert await house.recorder.caught_up(5)
    return run_id


async def plan(client: httpx2.AsyncClient, run_id: str, level: int = 3, **more: Any) -> httpx2.Response:
    payload = {"toolName": "send_email", "level": level, "payload": {"to": "a@b.c"}, **more}
    return await client.post(
        "/api/v1/trace", json={"runId": run_id, "type": "side_effect.planned", "payload": payload}
    )


async def test_without_policies_everything_is_traced(house: House, client: httpx2.AsyncClient) -> None:
    assert (await plan(client, await run(house))).status_code == 200


async def test_a_denied_action_is_refused_and_a_child_run_says_so(
    house: House, client: httpx2.AsyncClient
) -> None:
    rule(house, deny("write:email"))
    run_id = await run(house)

    answer = await plan(client, run_id, action="write:email")
    listed = (await client.get("/api/v1/runs", params={"status": "blocked"})).json()["runs"]
    audit = (await client.get("/api/v1/audit", params={"decision": "deny"})).json()["events"]
    events = (await client.get(f"/api/v1/runs/{run_id}")).json()["events"]

    assert (answer.status_code, answer.json()["verdict"]["verdict"]) == (403, "deny")
    assert [(each["parentRun"], each["agent"]) for each in listed] == [(run_id, "anna")]
    assert [each["agent"] for each in audit] == ["anna"]
    assert "side_effect.planned" not in {each["type"] for each in events}


async def test_a_traced_action_waits_for_approval_and_passes_once(
    house: House, client: httpx2.AsyncClient
) -> None:
    rule(house, allow("execute:*", requiresApproval=True))
    run_id = await run(house)
    waits = await plan(client, run_id)
    approved = await client.post(f"/api/v1/approvals/{waits.json()['approvalId']}/approve")
    await load_book(house.services.database, house.services.hot["approvals"])

    other = await plan(client, run_id, payload={"to": "x@b.c"})
    passes, again = await plan(client, run_id), await plan(client, run_id)
    shown = (await client.get(f"/api/v1/approvals/{waits.json()['approvalId']}")).json()

    assert (waits.status_code, approved.status_code) == (403, 200)
    assert [each.status_code for each in (other, passes, again)] == [403, 200, 403]
    assert shown["status"] == "used"


async def influence(client: httpx2.AsyncClient, run_id: str, lane: str) -> None:
    body = {"source": "web:example.com", "trustLane": lane}
    assert (await client.post(f"/api/v1/runs/{run_id}/memory", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("lanes", "level", "status"),
    [
        ((), 3, 200), (("untrusted",), 3, 403), (("observed",), 4, 403), (("untrusted",), 2, 200),
        (("untrusted", "verified"), 3, 200), (("human_approved", "untrusted"), 3, 200), (("verified",), 3, 200),
    ],
)  # fmt: skip
async def test_untrusted_influence_makes_high_impact_wait_until_it_is_covered(
    house: House, client: httpx2.AsyncClient, lanes: tuple[str, ...], level: int, status: int
) -> None:
    house.services.hot["settings"].put(
        "ten_default", {"memory_quarantine": {"enabled": True, "threshold": 3}}
    )
    run_id = await run(house)
    for lane in lanes:
        await influence(client, run_id, lane)

    assert (await plan(client, run_id, level)).status_code == status


async def test_influence_is_only_recorded_while_quarantine_is_off(
    house: House, client: httpx2.AsyncClient
) -> None:
    run_id = await run(house)
    await influence(client, run_id, "untrusted")
    events = (await client.get(f"/api/v1/runs/{run_id}")).json()["events"]

    assert (await plan(client, run_id, 4)).status_code == 200
    assert [each["payload"]["source"] for each in events if each["type"] == "memory.influence"] == [
        "web:example.com"
    ]
