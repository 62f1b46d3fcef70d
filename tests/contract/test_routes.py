"""Every route of the application, by its own list: 401 as nobody and with a revoked key, 403 without the right,
404 for another tenant's object, a happy path where it needs nothing, and its place in the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.identity.keys import service as keys
from headgate.identity.keys.rights import USER_RIGHTS
from headgate.identity.keys.service import KeyDraft, Minting
from headgate.rim.openapi import build_document, family_schema
from headgate.rim.router import PUBLIC
from headgate.rim.routes import RouteFacts, enumerate_routes
from headgate.testing.house import House
from tests.contract.objects import objects
from tests.contract.rooms import all_routers, rooms_with_routes

pytestmark = pytest.mark.asyncio

ROUTERS = all_routers()
BOOT = "boot-token"
ADMIN_RIGHTS = {  # rights that only an admin key has
    "agents:admin",
    "approvals:admin",
    "cache:admin",
    "credentials:admin",
    "credentials:read",
    "evidence:write",
    "guardrails:read",
    "guardrails:write",
    "jobs:write",
    "keys:admin",
    "ledger:write",
    "modules:read",
    "modules:write",
    "policies:admin",
    "providers:write",
    "settings:admin",
    "spend:admin",
    "spend:read",
    "system:metrics",
}
NAMED = ("/api/users/{id}/spend",)  # a user is a name that callers give, not an object of somebody
OF_A_RUN = (
    "/api/v1/trace",
    "/api/trust/feedback",
    "/api/trust/replays",
)  # their examples name a run that is not there
NEEDS_QUERY = (("DELETE", "/api/spend/caps"), ("GET", "/api/trust/ledger/consistency"))
GATEWAY = ("/v1/", "/v1beta/")  # need the gateway behind it: the happy paths are in tests/gateway


def routes_of(house: House) -> list[RouteFacts]:
    return enumerate_routes(house.app(ROUTERS))


async def protect(house: House) -> None:
    await house.configure(api_key=BOOT)


async def key_with(house: House, *rights: str, tenant: str = DEFAULT_TENANT) -> tuple[str, str]:
    """Id and token of a key with exactly these rights."""
    minting = Minting(house.door.rules.pepper, house.services.ids, house.clock)
    async with house.services.database.writing() as db:
        caller = Caller(tenant, "internal", frozenset({"*"}))
        key, token = await keys.mint(db, caller, KeyDraft("pk", tenant, rights=frozenset(rights)), minting)
    await house.reload_keys(tenant)
    return key.id, token


async def ask(
    client: httpx2.AsyncClient, route: RouteFacts, *, document: dict[str, Any], **path: str
) -> httpx2.Response:
    """The route with the example of its body and these path parameters."""
    url = re.sub(r"\{(\w+)(?::path)?\}", lambda match: path.get(match[1], "none_such"), route.path)
    body = example_of(document, route)
    return await client.request(route.method, url, **({} if body is None else {"json": body}))


def example_of(document: dict[str, Any], route: RouteFacts) -> Any:
    """The example of the route's body, as its schema shows it; None when it takes no body."""
    operation = operation_of(document, route)
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = next(iter(schema.get("anyOf", ())), schema)  # a body that may be left out is `anyOf` it and null
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("examples"):
        return schema["examples"][0]
    fields = {
        name: each["examples"][0]
        for name, each in schema.get("properties", {}).items()
        if each.get("examples")
    }
    assert set(schema.get("required", ())) <= set(fields), (
        f"{route.method} {route.path}: a field of its body has no example"
    )
    return fields


def operation_of(document: dict[str, Any], route: RouteFacts) -> dict[str, Any]:
    return document["paths"][route.path.replace(":path", "")][route.method.lower()]


def check_envelope(route: RouteFacts, answer: httpx2.Response) -> None:
    body = answer.json()
    family = family_schema(route.path)
    if family == "GoogleError":  # its own words for both
        assert body["error"]["code"] == answer.status_code and body["error"]["status"].isupper(), (
            route,
            body,
        )
        return
    error = body if family == "PunkError" else body["error"]
    assert error["status"] == answer.status_code, (route, body)
    assert error["code"].startswith("punk_") == (family == "PunkError"), (route, body)
    assert (family == "OpenAIError") == ("type" in error and "param" in error), (route, body)


async def test_nobody_gets_401_in_protected_mode(house: House) -> None:
    document = build_document(house.app(ROUTERS))
    await protect(house)
    client = house.client(ROUTERS)
    for route in routes_of(house):
        if route.right == PUBLIC:
            continue
        answer = await ask(client, route, document=document)
        assert answer.status_code == 401, (route, answer.text)
        assert answer.headers["www-authenticate"] == 'Bearer realm="headgate"'
        check_envelope(route, answer)


async def test_a_revoked_key_gets_401_in_both_modes(house: House) -> None:
    document = build_document(house.app(ROUTERS))
    key_id, token = await key_with(house, "*")
    async with house.services.database.writing() as db:
        caller = Caller(DEFAULT_TENANT, "internal", frozenset({"*"}))
        await keys.revoke(db, caller, key_id, ids=house.services.ids, clock=house.clock)
    await house.reload_keys(DEFAULT_TENANT)
    for _ in range(2):
        client = house.client(ROUTERS, key=token)
        for route in routes_of(house):
            if route.right != PUBLIC:
                assert (await ask(client, route, document=document)).status_code == 401, route
        await protect(house)


async def test_a_key_without_the_right_gets_403_that_names_the_right(house: House) -> None:
    document = build_document(house.app(ROUTERS))
    await protect(house)
    _, token = await key_with(house, "nothing:read")
    client = house.client(ROUTERS, key=token)
    for route in routes_of(house):
        if route.right == PUBLIC:
            continue
        answer = await ask(client, route, document=document)
        assert answer.status_code == 403 and route.right in answer.text, (route, answer.text)
        check_envelope(route, answer)


async def test_the_right_that_a_route_names_is_enough(house: House) -> None:
    """With that right alone it is no 401 and no 403 any more, whatever else is missing."""
    document = build_document(house.app(ROUTERS))
    await protect(house)
    for right in sorted({route.right for route in routes_of(house)} - {PUBLIC, "keys:admin"}):
        _, token = await key_with(house, right)
        client = house.client(ROUTERS, key=token)
        for route in routes_of(house):
            if route.right == right and not route.path.startswith(GATEWAY):
                assert (await ask(client, route, document=document)).status_code not in (401, 403), route


async def test_another_tenants_object_is_a_404_and_says_nothing_of_it(house: House) -> None:
    document = build_document(house.app(ROUTERS))
    key_id, _ = await key_with(house, "*")
    mine = {"/api/v1/keys": key_id, "/api/v1/api-keys": key_id, **await objects(house, house.client(ROUTERS))}
    made = await house.client(ROUTERS).post("/api/v1/projects", json={"name": "Other"})
    stranger = house.client(ROUTERS, key=made.json()["data"]["apiKey"])
    owner = house.client(ROUTERS)
    for route in routes_of(house):
        if "{id}" not in route.path or route.path.startswith(NAMED):
            continue
        object_id = mine.get(route.path.partition("/{id}")[0])
        assert object_id, f"{route.path}: say here which object of the default tenant it finds"
        answer = await ask(stranger, route, document=document, id=object_id)
        assert answer.status_code == 404 and "marker" not in answer.text, (route, answer.text)
        check_envelope(route, answer)
        if route.method == "GET":
            assert (await ask(owner, route, document=document, id=object_id)).status_code == 200, route


async def test_routes_that_need_nothing_answer(house: House) -> None:
    document = build_document(house.app(ROUTERS))
    client = house.client(ROUTERS)
    for route in routes_of(house):
        if "{" not in route.path and not route.path.startswith(GATEWAY):
            answer = await ask(client, route, document=document)
            assert (
                answer.status_code < 300
                or (answer.status_code == 404 and route.path in OF_A_RUN)
                or (route.method, route.path) in NEEDS_QUERY
            ), (route, answer.text)


async def test_every_route_answers_head_where_it_answers_get_and_tells_its_methods(house: House) -> None:
    client = house.client(ROUTERS)
    for route in routes_of(house):
        url = re.sub(r"\{[^}]*\}", "none_such", route.path)
        options = await client.options(url)
        assert options.status_code == 204 and route.method in options.headers["allow"], route
        if route.method == "GET" and not route.path.startswith(GATEWAY):
            plain, head = await client.get(url), await client.head(url)
            assert (head.status_code, head.content) == (plain.status_code, b""), route


async def test_the_document_lists_every_route_whole(house: House) -> None:
    app = house.app(ROUTERS)
    document = build_document(app)
    assert document["openapi"] == "3.1.0"
    listed = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert listed == {(route.method, route.path.replace(":path", "")) for route in enumerate_routes(app)}
    seen: set[str] = set()
    for route in enumerate_routes(app):
        operation = operation_of(document, route)
        assert operation["x-right"] == route.right
        assert ({} in operation["security"]) == (route.right == PUBLIC)
        assert operation["operationId"] not in seen, (
            f"{route.path}: two handlers are called {operation['operationId']}"
        )
        seen.add(operation["operationId"])
        assert operation.get("description"), f"{route.path}: its handler has no docstring"
        statuses = set(operation["responses"])
        assert (
            "422" not in statuses and "500" in statuses and any(each.startswith("2") for each in statuses)
        ), route


async def test_no_room_with_routes_is_forgotten() -> None:
    served = {
        route.endpoint.__module__
        for router in ROUTERS
        for route in router.api.routes
        if isinstance(route, APIRoute)
    }
    assert served == rooms_with_routes()


async def test_every_right_is_one_of_users_or_one_of_admins(house: House) -> None:
    declared = {route.right for route in routes_of(house)} - {PUBLIC}
    assert declared - USER_RIGHTS - ADMIN_RIGHTS == set(), (
        "say in identity/keys/rights.py, or in this test, whose right it is"
    )
    assert USER_RIGHTS - declared == set(), "no route needs these rights any more"
