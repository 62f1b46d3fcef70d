"""The provider routes: what runs is shown, what a tenant adds is judged, sealed, used at once, and never seen by another."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from headgate.operate.providers import queries
from headgate.operate.providers.routes import router
from headgate.store.versions import version_of
from headgate.testing.fault_server import FaultServer
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio
PROVIDERS = "/api/proxy/providers"
PUBLIC = "https://8.8.8.8/v1"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client([router])


async def add(client: httpx2.AsyncClient, name: str = "mine", **more: Any) -> httpx2.Response:
    return await client.post(PROVIDERS, json={"name": name, "base_url": PUBLIC, **more})


async def names(client: httpx2.AsyncClient) -> list[str]:
    return [each["name"] for each in (await client.get(PROVIDERS)).json()["providers"]]


async def stranger(house: House) -> httpx2.AsyncClient:
    from headgate.identity.accounts.routes import router as accounts

    made = await house.client([accounts]).post("/api/v1/projects", json={"name": "Other"})
    return house.client([router], key=made.json()["data"]["apiKey"])


async def test_the_list_says_who_runs_and_how(client: httpx2.AsyncClient) -> None:
    body = (await client.get(PROVIDERS)).json()
    assert (body["count"], body["total"], body["has_more"]) == (1, 1, False)
    mock = body["providers"][0]
    assert (mock["name"], mock["source"], mock["status"], mock["request_count"], mock["last_check"]) == (
        "mock", "server", "unknown", 0, None,
    )  # fmt: skip
    assert {"base_url", "latency_ms", "error_count", "breaker"} <= mock.keys()


async def test_an_added_provider_is_there_at_once_and_its_key_never_comes_back(
    house: House, client: httpx2.AsyncClient
) -> None:
    answer = await add(client, api_key="sk-hush-hush", models=["mine-*"])
    assert answer.status_code == 201
    body = answer.json()
    assert (body["result"], body["name"], body["source"], body["has_key"], body["keys"]) == (
        "created",
        "mine",
        "tenant",
        True,
        1,
    )
    assert body["models"] == ["mine-*"]
    listed = await client.get(PROVIDERS)
    assert "mine" in listed.text
    assert "hush" not in answer.text + listed.text
    async with house.services.database.reading() as db:
        row = await queries.one(db, "ten_default", "mine")
        assert await version_of(db, "providers", "ten_default") == 1
    assert row is not None
    assert b"hush" not in row["sealed_key"]


async def test_it_is_asked_from_the_next_call_on_and_not_after_its_removal(
    house: House, client: httpx2.AsyncClient
) -> None:
    await add(client, api_key="sk-a,sk-b", models=["mine-*"])
    desk = house.services.hot["providers"]
    target = desk.table().for_tenant("ten_default").candidates("mine-7b")[0]
    assert (target.provider.name, target.provider.origin.host) == ("mine", "8.8.8.8")
    assert [key.secret for key in target.provider.keys] == ["sk-a", "sk-b"]
    assert target.provider.origin.reach is not None, "each connection is judged"
    assert desk.table().for_tenant("ten_other").get("mine") is None
    answer = await client.delete(f"{PROVIDERS}/mine")
    assert answer.json() == {"status": "deleted", "provider": "mine"}
    assert desk.table().for_tenant("ten_default").get("mine") is None
    assert (await client.delete(f"{PROVIDERS}/mine")).status_code == 404


async def test_a_change_says_what_it_names_and_a_new_address_needs_the_key_again(
    client: httpx2.AsyncClient,
) -> None:
    await add(client, api_key="sk-hush")
    answer = await client.put(f"{PROVIDERS}/mine", json={"models": ["a", "b*"]})
    assert (answer.json()["models"], answer.json()["has_key"]) == (["a", "b*"], True)
    moved = await client.put(f"{PROVIDERS}/mine", json={"base_url": "https://9.9.9.9/v1"})
    assert (moved.status_code, moved.json()["error"]["param"]) == (400, "api_key")
    moved = await client.put(
        f"{PROVIDERS}/mine", json={"base_url": "https://9.9.9.9/v1", "api_key": "sk-new"}
    )
    assert moved.json()["base_url"] == "https://9.9.9.9"
    assert (await client.put(f"{PROVIDERS}/none", json={"models": []})).status_code == 404
    gone = await client.put(f"{PROVIDERS}/mine", json={"api_key": ""})
    assert gone.json()["has_key"] is False


@pytest.mark.parametrize("base_url", [
    "http://169.254.169.254/latest", "http://metadata.google.internal", "ftp://8.8.8.8", "http://[::ffff:169.254.169.254]/",
    "http://user:pw@8.8.8.8/v1", "http://8.8.8.8:22/", "http://0xa9fea9fe/", "not a url", "",
])  # fmt: skip
async def test_addresses_that_must_not_be_reached_are_refused(
    client: httpx2.AsyncClient, base_url: str
) -> None:
    answer = await client.post(PROVIDERS, json={"name": "mine", "base_url": base_url})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "address_refused")
    assert await names(client) == ["mock"]


@pytest.mark.parametrize("body", [
    {"name": "Mine"}, {"name": "a/b"}, {"name": ""}, {"name": "x" * 64}, {"family": "bedrock"}, {"api_key": "a b"},
    {"api_key": "a\r\nx: y"}, {"headers": {}}, {"models": "x"},
])  # fmt: skip
async def test_what_does_not_fit_is_named(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    answer = await add(client, **body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in body


async def test_names_are_taken_once(client: httpx2.AsyncClient) -> None:
    await add(client)
    for name in ("mine", "mock"):
        answer = await add(client, name)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "provider_exists")


async def test_tenants_do_not_see_each_others(house: House, client: httpx2.AsyncClient) -> None:
    await add(client, "marker-one")
    other = await stranger(house)
    await add(other, "marker-two")
    assert await names(other) == ["marker-two"]  # the mock answers only who has no other
    assert "marker-two" not in (await client.get(PROVIDERS)).text
    for path in (PROVIDERS, "/api/proxy/routes", "/api/proxy/breakers", "/api/proxy/providers/health"):
        if path != "/api/proxy/providers/health":
            assert "marker-one" not in (await other.get(path)).text
    for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/check")):
        answer = await other.request(method, f"{PROVIDERS}/marker-one{path}", json={})
        assert answer.status_code == 404


async def test_every_act_is_on_the_ledger_without_the_key(house: House, client: httpx2.AsyncClient) -> None:
    import sqlalchemy as sa

    from headgate.govern.ledger.tables import ledger

    await add(client, api_key="sk-hush")
    await client.put(f"{PROVIDERS}/mine", json={"models": ["a"]})
    await client.delete(f"{PROVIDERS}/mine")
    await client.post("/api/proxy/breakers/reset")
    async with house.services.database.reading() as db:
        rows = (await db.execute(sa.select(ledger).order_by(ledger.c.at_us, ledger.c.id))).mappings().all()
    told = [(row["kind"], row["target"]) for row in rows if row["kind"].startswith(("provider", "breakers"))]
    assert sorted(told) == sorted([
        ("provider.added", "mine"), ("provider.changed", "mine"), ("provider.removed", "mine"), ("breakers.reset", "*"),
    ])  # fmt: skip
    assert "hush" not in str(rows)


async def test_a_check_asks_the_provider(client: httpx2.AsyncClient) -> None:
    async with FaultServer() as upstream:
        await client.post(PROVIDERS, json={"name": "mine", "base_url": f"{upstream.url}/v1"})
        body = (await client.post(f"{PROVIDERS}/mine/check")).json()
    assert (body["status"], body["provider"], body["error"]) == ("active", "mine", None)
    assert body["http_status"] is not None
    shown = next(each for each in (await client.get(PROVIDERS)).json()["providers"] if each["name"] == "mine")
    assert (shown["status"], shown["last_check"]) == ("active", body["checked_at"])
    body = (await client.post(f"{PROVIDERS}/mine/check")).json()
    assert body["status"] == "unreachable", "the server has gone"
    assert body["error"].startswith("refused")
    assert (await client.post(f"{PROVIDERS}/nobody/check")).status_code == 404


async def test_health_asks_all_at_once(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{PROVIDERS}/health")).json()
    assert (body["total"], body["healthy"]) == (1, 1)
    assert body["providers"][0]["provider"] == "mock"


async def test_routes_are_the_ones_that_run(client: httpx2.AsyncClient) -> None:
    await add(client, models=["mine-*"])
    body = (await client.get("/api/proxy/routes", params={"limit": 500})).json()
    assert body["count"] == body["total"] == len(body["routes"])
    rules = {(each["model"], each["provider"], each["source"]) for each in body["routes"]}
    assert {("mine/*", "mine", "prefix"), ("mine-*", "mine", "tenant"), ("*", "mine", "default")} <= rules
    assert {"path", "method", "enabled", "targets"} <= body["routes"][0].keys()


async def test_the_status_counts(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/proxy/status")).json()
    assert (body["app"], body["status"], body["providers"]) == ("proxy", "running", 1)
    assert body["total_modules"] >= body["enabled_modules"] == body["live_chain"]


async def test_prices_are_listed_and_chosen(client: httpx2.AsyncClient) -> None:
    body = (
        await client.get("/api/proxy/pricing", params={"provider": "openai", "model": "gpt-4o-mini"})
    ).json()
    mini = next(each for each in body["pricing"] if each["model"] == "gpt-4o-mini")
    assert (mini["input_per_m"], mini["output_per_m"], mini["provider"]) == (0.15, 0.6, "openai")
    assert mini["context"] == 128_000
    assert (await client.get("/api/proxy/pricing", params={"limit": 3})).json()["has_more"]


async def test_an_estimate_is_arithmetic_or_null(client: httpx2.AsyncClient) -> None:
    body = {"model": "gpt-4o-mini", "input_text": "x" * 4000, "max_tokens": 1000}
    found = (await client.post("/api/proxy/estimate", json=body)).json()
    assert (found["input_tokens"], found["output_tokens"]) == (1000, 1000)
    assert (found["input_cost"], found["output_cost"], found["total_cost"]) == (0.00015, 0.0006, 0.00075)
    assert (found["price_known"], found["fits_context"]) == (True, True)
    unknown = (await client.post("/api/proxy/estimate", json={"model": "nobody-knows"})).json()
    assert (unknown["total_cost"], unknown["price_known"]) == (None, False)
    assert (await client.post("/api/proxy/estimate", json={})).status_code == 400


async def test_breakers_are_listed_and_closed(house: House, client: httpx2.AsyncClient) -> None:
    fleet = house.services.hot["providers"].circuits
    mock = house.services.hot["providers"].table().default
    way = fleet.way(mock, "", "gpt-4o")
    for _ in range(50):
        fleet.service(mock).room.enter()
        fleet.enter(way, 0.0).over(ok=False, status=500)
    listed = (await client.get("/api/proxy/breakers")).json()
    assert [(each["provider"], each["state"]) for each in listed["breakers"]] == [("mock", "open")]
    assert (await client.get(PROVIDERS)).json()["providers"][0]["breaker"] == "open"
    assert (await client.get("/api/proxy/status")).json()["open_breakers"] == 1
    assert (await client.post("/api/proxy/breakers/nobody/reset")).status_code == 404
    assert (await client.post("/api/proxy/breakers/mock/reset")).json()["reset"] == 1
    assert (await client.get("/api/proxy/breakers")).json()["breakers"][0]["state"] == "closed"
