"""The 8 endpoints of guardrails: every write is read back, its effect on a call is shown, a dry run leaves no trace."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from headgate.call.caller import DEFAULT_TENANT
from headgate.govern.guardrails import routes, tables
from headgate.govern.ledger.tables import ledger
from headgate.operate.webhooks.tables import outbox
from headgate.testing.house import House
from tests.govern.guardrails.recorded import judged

pytestmark = pytest.mark.asyncio
RULE = {"name": "no codes", "pattern": r"code \d+", "type": "pii", "action": "redact"}
PATH = "/api/guardrails"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client([routes.router])


async def make(client: httpx2.AsyncClient, **fields: Any) -> str:
    answer = await client.post(PATH, json={**RULE, **fields})
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "created"
    return answer.json()["id"]


async def test_a_rule_is_read_back_with_its_defaults(client: httpx2.AsyncClient, house: House) -> None:
    made = await client.post(PATH, json={"name": "plain", "pattern": "x+"})
    found = (await client.get(f"{PATH}/{made.json()['id']}")).json()
    assert {name: found[name] for name in ("type", "action", "direction", "project", "enabled", "priority", "description")} == {
        "type": "custom", "action": "log", "direction": "both", "project": "*", "enabled": True, "priority": 0, "description": "",
    }  # fmt: skip
    assert found["created_at"] == found["updated_at"]
    assert house.notices.told == [("guardrails", DEFAULT_TENANT)]


async def test_the_list_has_all_rules_in_the_order_in_which_they_judge(client: httpx2.AsyncClient) -> None:
    await make(client, name="a", project="shop")
    await make(client, name="b", priority=5, enabled=False)
    await make(client, name="c", project="other")
    assert [rule["name"] for rule in (await client.get(PATH)).json()["rules"]] == ["b", "a", "c"]
    shop = (await client.get(PATH, params={"project": "shop"})).json()
    assert [rule["name"] for rule in shop["rules"]] == ["b", "a"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"pattern": "x"}, "name"), ({"name": "x"}, "pattern"), ({"name": "", "pattern": "x"}, "name"),
        ({"name": "x", "pattern": "(?=x)"}, "pattern"), ({"name": "x", "pattern": "x*"}, "pattern"),
        ({"name": "x", "pattern": "x", "action": "burn"}, "action"),
        ({"name": "x", "pattern": "x", "direction": "up"}, "direction"),
        ({"name": "x", "pattern": "x", "colour": "red"}, "colour"),
    ],
)  # fmt: skip
async def test_a_rule_that_cannot_be_used_is_400_and_names_the_field(
    client: httpx2.AsyncClient, body: dict[str, Any], param: str
) -> None:
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert (await client.get(PATH)).json()["rules"] == []


async def test_names_are_unique_in_a_tenant(client: httpx2.AsyncClient) -> None:
    await make(client)
    second = await make(client, name="second")
    assert (await client.post(PATH, json=RULE)).status_code == 409
    assert (await client.put(f"{PATH}/{second}", json={"name": "no codes"})).status_code == 409


async def test_a_change_keeps_the_other_fields_and_is_in_the_ledger_with_what_was_before(
    client: httpx2.AsyncClient, house: House
) -> None:
    made = await make(client)
    answer = await client.put(f"{PATH}/{made}", json={"action": "block", "direction": "request"})
    assert answer.json() == {"id": made, "status": "updated"}
    found = (await client.get(f"{PATH}/{made}")).json()
    assert (found["action"], found["direction"], found["pattern"]) == ("block", "input", RULE["pattern"])
    assert (await client.put(f"{PATH}/{made}", json={})).status_code == 400
    assert (await client.put(f"{PATH}/{made}", json={"pattern": "("})).status_code == 400
    assert (await client.delete(f"{PATH}/{made}")).json() == {"id": made, "status": "deleted"}
    assert (await client.get(f"{PATH}/{made}")).status_code == 404
    async with house.services.database.reading() as db:
        rows = (
            await db.execute(sa.select(ledger.c.kind, ledger.c.target, ledger.c.detail).order_by(ledger.c.id))
        ).all()
    acts = [row for row in rows if row.kind.startswith("guardrail.")]
    assert [row.kind for row in acts] == ["guardrail.created", "guardrail.updated", "guardrail.deleted"]
    assert '"action":"redact"' in acts[1].detail and '"action":"block"' in acts[1].detail


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_not_there_is_404(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, f"{PATH}/grl_none", json={"name": "x"} if method == "PUT" else None)
    assert answer.status_code == 404


async def test_a_dry_run_finds_what_the_rules_would_and_leaves_no_trace(
    client: httpx2.AsyncClient, house: House
) -> None:
    await make(client)
    await make(client, name="off", enabled=False)
    await make(client, name="elsewhere", project="other")
    await make(client, name="out", direction="output")
    house.notices.told.clear()
    answer = (await client.post(f"{PATH}/test", json={"text": "a CODE 12 b"})).json()
    assert answer["count"] == 2
    assert answer["matches"][0] == {
        "rule_name": "no codes",
        "rule_type": "pii",
        "action": "redact",
        "match": "CODE 12",
    }
    one_way = (await client.post(f"{PATH}/test", json={"text": "code 1", "direction": "input"})).json()
    assert [match["rule_name"] for match in one_way["matches"]] == ["no codes"]
    assert (await client.post(f"{PATH}/test", json={})).status_code == 400
    assert house.notices.told == []
    assert (await client.get(f"{PATH}/stats")).json()["rule_hits"] == {}
    assert (await client.get(f"{PATH}/events")).json()["events"] == []
    async with house.services.database.reading() as db:
        assert (await db.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one() == 0


async def test_what_rules_did_to_recorded_calls_is_counted_listed_announced_and_in_the_ledger(
    client: httpx2.AsyncClient, house: House
) -> None:
    for number in range(3):
        house.recorder.write(judged(f"run_{number}", house.clock, rule="no codes", action="redact"))
    house.recorder.write(judged("run_8", house.clock, rule="stop", action="block", matches=4))
    house.recorder.write(judged("run_9", house.clock, rule="note", action="log", side="response"))
    assert await house.recorder.caught_up(5.0)
    body = (await client.get(f"{PATH}/events", params={"limit": 2})).json()
    assert (body["total"], body["has_more"]) == (5, True)
    newest = body["events"][0]
    assert (newest["rule_name"], newest["direction"], newest["request_id"]) == ("note", "response", "run_9")
    assert body["events"][1]["matches"] == 4
    stats = (await client.get(f"{PATH}/stats")).json()
    assert (stats["blocked"], stats["flagged"], stats["redacted"]) == (1, 1, 3)
    assert stats["rule_hits"] == {"no codes": 3, "stop": 1, "note": 1}
    assert stats["since"] is not None
    async with house.services.database.reading() as db:
        names = (await db.execute(sa.select(outbox.c.name))).scalars().all()
        kinds = (
            (await db.execute(sa.select(ledger.c.decision).where(ledger.c.kind == "guardrail.verdict")))
            .scalars()
            .all()
        )
    assert list(names) == ["guardrail.violation"] * 5
    assert sorted(kinds) == ["block", "redact", "redact", "redact"]


async def test_another_tenant_sees_none_of_it(client: httpx2.AsyncClient, house: House) -> None:
    made = await make(client)
    async with house.services.database.writing() as db:
        await db.execute(sa.update(tables.guardrail_rules).values(tenant="ten_other"))
    assert (await client.get(f"{PATH}/{made}")).status_code == 404
    assert (await client.get(PATH)).json()["rules"] == []
