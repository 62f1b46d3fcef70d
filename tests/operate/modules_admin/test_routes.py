"""The module routes speak the words of reference 4: lists, one module, bulk, undo, and errors that name the field."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from headgate.operate.modules_admin.routes import router
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio
MODULES = "/api/proxy/modules"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client([router])


async def put(client: httpx2.AsyncClient, name: str, **body: Any) -> httpx2.Response:
    return await client.put(f"{MODULES}/{name}", json=body)


async def test_the_list_has_every_module_in_order_with_its_switch(client: httpx2.AsyncClient) -> None:
    body = (await client.get(MODULES)).json()
    assert [each["priority"] for each in body["modules"]] == list(range(1, body["total"] + 1))
    assert body["count"] == body["total"] == len(body["modules"])
    assert body["enabled"] == sum(each["enabled"] for each in body["modules"])
    assert {"name", "category", "enabled", "config", "priority", "order", "in_chain"} <= body["modules"][
        0
    ].keys()


async def test_the_list_is_filtered_by_category_and_switch(client: httpx2.AsyncClient) -> None:
    cache = (await client.get(MODULES, params={"category": "cache"})).json()["modules"]
    assert "cachelayer" in {each["name"] for each in cache}
    assert {each["category"] for each in cache} == {"cache"}
    await put(client, "cachelayer", enabled=False)
    off = (await client.get(MODULES, params={"enabled": "false"})).json()["modules"]
    assert "cachelayer" in {each["name"] for each in off} and not any(each["enabled"] for each in off)


async def test_a_change_is_read_back_with_what_the_tenant_set_and_what_holds(
    client: httpx2.AsyncClient,
) -> None:
    answer = await put(client, "cachelayer", config={"ttl": 60})
    assert (answer.status_code, answer.json()["status"], answer.json()["module"]) == (
        200,
        "updated",
        "cachelayer",
    )
    found = (await client.get(f"{MODULES}/cachelayer")).json()
    assert (found["own"], found["config"]["ttl_s"], found["source"], found["version"]) == (
        {"ttl_s": 60},
        60,
        "tenant",
        1,
    )
    assert "ttl_s" in found["config_schema"]["properties"] and found["updated_at"]


async def test_a_config_is_the_whole_of_what_the_tenant_says(client: httpx2.AsyncClient) -> None:
    """A field that is not named takes the server's value again; the switch stays as it was."""
    await put(client, "rateshield", enabled=False, config={"rpm": 5, "burst": 2})
    found = (await put(client, "rateshield", config={"rpm": 7})).json()
    assert (found["config"]["rpm"], found["config"]["burst"], found["enabled"]) == (7, 0, False)


async def test_names_of_the_reference_are_aliases(client: httpx2.AsyncClient) -> None:
    found = (await put(client, "ratelimit", enabled=False)).json()
    assert (found["name"], found["enabled"]) == ("rateshield", False)


@pytest.mark.parametrize(("body", "status", "param"), [
    ({"config": {"ttl_s": 0}}, 400, "config.ttl_s"), ({"config": {"speed": 1}}, 400, "config.speed"),
    ({"enabled": "perhaps"}, 400, "enabled"), ({}, 400, "enabled"), ({"config": {"enabled": "perhaps"}}, 400, "config.enabled"),
])  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_is_changed(
    client: httpx2.AsyncClient, body: dict[str, Any], status: int, param: str
) -> None:
    answer = await put(client, "cachelayer", **body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), answer.text
    assert (await client.get(f"{MODULES}/cachelayer")).json()["version"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_unknown_module_is_404(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, f"{MODULES}/nonesuch", json={"enabled": True})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "module_not_found")
    assert (await client.post(f"{MODULES}/nonesuch/undo")).status_code == 404


async def test_priority_is_told_not_to_matter(client: httpx2.AsyncClient) -> None:
    warnings = (await put(client, "cachelayer", enabled=True, priority=1)).json()["warnings"]
    assert "priority is not used" in warnings[0]


async def test_bulk_switches_by_name_and_by_category(client: httpx2.AsyncClient) -> None:
    body = {"modules": ["ratelimit", "modelalias"], "enabled": False}
    answer = (await client.post(f"{MODULES}/bulk", json=body)).json()
    assert (answer["status"], answer["affected"], answer["enabled"]) == ("updated", 2, False)
    again = (await client.post(f"{MODULES}/bulk", json=body)).json()
    assert again["affected"] == 0
    await client.post(f"{MODULES}/bulk", json={"category": "cache", "enabled": False})
    assert not (await client.get(f"{MODULES}/cachelayer")).json()["enabled"]


async def test_bulk_is_all_or_nothing(client: httpx2.AsyncClient) -> None:
    for body, status in (
        ({"enabled": True}, 400), ({"category": "nonesuch", "enabled": True}, 400),
        ({"modules": ["modelalias", "nonesuch"], "enabled": False}, 404),
    ):  # fmt: skip
        assert (await client.post(f"{MODULES}/bulk", json=body)).status_code == status
    assert (await client.get(f"{MODULES}/modelalias")).json()["version"] == 0


async def test_undo_goes_back_step_by_step_to_what_the_server_says(client: httpx2.AsyncClient) -> None:
    for ttl in (10, 20, 30):
        await put(client, "cachelayer", config={"ttl_s": ttl})
    seen = []
    while (answer := await client.post(f"{MODULES}/cachelayer/undo")).status_code == 200:
        seen.append((answer.json()["status"], answer.json()["config"]["ttl_s"], answer.json()["source"]))
    assert seen == [("undone", 20, "tenant"), ("undone", 10, "tenant"), ("undone", 86_400, "server")]
    assert answer.json()["error"]["code"] == "nothing_to_undo" and answer.status_code == 409


async def test_a_change_after_an_undo_is_undone_to_where_the_undo_stood(client: httpx2.AsyncClient) -> None:
    await put(client, "cachelayer", config={"ttl_s": 10})
    await put(client, "cachelayer", config={"ttl_s": 20})
    await client.post(f"{MODULES}/cachelayer/undo")
    await put(client, "cachelayer", config={"ttl_s": 40})
    ttls = [(await client.post(f"{MODULES}/cachelayer/undo")).json()["config"]["ttl_s"] for _ in range(2)]
    assert ttls == [10, 86_400]


async def test_every_version_is_kept_with_who_made_it(client: httpx2.AsyncClient) -> None:
    await put(client, "cachelayer", config={"ttl_s": 10})
    await client.post(f"{MODULES}/cachelayer/undo")
    body = (await client.get(f"{MODULES}/cache/versions")).json()
    assert [(each["version"], each["config"], each["restores"]) for each in body["versions"]] == [
        (2, None, 0), (1, {"ttl_s": 10}, None),
    ]  # fmt: skip
    assert body["total"] == 2 and all(each["changed_by"] for each in body["versions"])
