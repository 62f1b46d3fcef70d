"""The cache over HTTP: counts, invalidation by type and app, and results of read-only tools behind their walls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from headgate.govern.ledger.tables import ledger
from headgate.identity.accounts.routes import router as accounts_router
from headgate.identity.keys.routes import router as keys_router
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.record.cache.routes import router
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio

BOOT = "the-bootstrap-token"
ROUTERS = (router, keys_router, accounts_router)
WEATHER = {"toolName": "get_weather", "subject": "s1", "args": {"city": "Bern", "unit": "C"}}

MakeKey = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture
async def cache(house: House, tmp_path: Path) -> AsyncIterator[ResponseCache]:
    built = ResponseCache(CacheLimits(disk_wait_s=20.0), house.clock, tmp_path / "cache.db")
    built.start()
    house.services.hot["cache"] = built
    await house.configure(api_key=BOOT)
    yield built
    built.close()


@pytest.fixture
def admin(house: House, cache: ResponseCache) -> Any:
    return house.client(ROUTERS, key=BOOT)


async def stats(client: Any) -> dict[str, tuple[int, int, int]]:
    answer = (await client.get("/api/v1/cache/stats")).json()
    return {row["cacheType"]: (row["entries"], row["hits"], row["misses"]) for row in answer["stats"]}


async def check(client: Any, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/tool-cache/check", json=WEATHER | changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def store(client: Any, result: Any = "sunny", **changes: Any) -> Any:
    return await client.post("/api/v1/tool-cache/store", json=WEATHER | {"result": result} | changes)


async def test_a_stored_result_is_given_again_until_its_time_is_over(house: House, admin: Any) -> None:
    assert await check(admin) == {"hit": False, "result": None}
    assert (await store(admin, {"sky": ["sunny", 1.5, None]}, ttlSeconds=60)).json() == {
        "ok": True,
        "stored": True,
    }
    assert await check(admin) == {"hit": True, "result": {"sky": ["sunny", 1.5, None]}}
    assert await check(admin, args={"unit": "C", "city": "Bern"}) == {
        "hit": True,
        "result": {"sky": ["sunny", 1.5, None]},
    }
    assert await stats(admin) == {"exact_response": (0, 0, 0), "tool_result": (1, 2, 1)}
    house.clock.advance(60)
    assert (await check(admin))["hit"] is False


async def test_subject_app_tool_and_arguments_are_walls(admin: Any) -> None:
    await store(admin)
    for changes in (
        {"subject": "s2"}, {"subject": ""}, {"app": "other"}, {"toolName": "get_wether"},
        {"args": {"city": "Bern"}}, {"args": None},
        {"args": {"city": "Bern", "unit": "c"}},
    ):  # fmt: skip
        assert (await check(admin, **changes))["hit"] is False, changes
    assert (await check(admin))["hit"] is True


async def test_headers_name_app_and_subject_when_the_body_does_not(admin: Any) -> None:
    await store(admin, app="shop")
    body = {name: value for name, value in WEATHER.items() if name != "subject"}
    headers = {"x-punk-app": "shop", "x-punk-subject": "s1"}
    assert (await admin.post("/api/v1/tool-cache/check", json=body, headers=headers)).json()["hit"] is True
    assert (await admin.post("/api/v1/tool-cache/check", json=body)).json()["hit"] is False
    answer = await admin.post("/api/v1/tool-cache/check", json=body, headers={"x-punk-app": "x" * 121})
    assert answer.status_code == 400


async def test_what_may_not_be_stored_is_a_400_that_names_the_field(admin: Any) -> None:
    for field, value in (
        ("toolName", "x" * 121), ("toolName", ""), ("subject", "x" * 121), ("app", "x" * 121),
        ("ttlSeconds", 86_401), ("ttlSeconds", 0),
        ("sideEffectLevel", 2), ("sideEffectLevel", 4), ("sideEffectLevel", 9),
    ):  # fmt: skip
        answer = await store(admin, **{field: value})
        assert answer.status_code == 400 and field in answer.json()["param"], answer.text
    assert (await stats(admin))["tool_result"][0] == 0


async def test_a_result_or_arguments_beyond_their_bounds_are_413(admin: Any) -> None:
    assert (await store(admin, "x" * 300_000)).status_code == 413
    assert (await store(admin, args="x" * 70_000)).status_code == 413
    assert (await store(admin, sideEffectLevel=1)).status_code == 200


async def make_key(by: Any, **fields: Any) -> str:
    answer = await by.post("/api/v1/keys", json=fields)
    assert answer.status_code in (200, 201), answer.text
    body = answer.json()
    return str(body.get("token") or body.get("key"))


async def test_an_observe_key_stores_but_is_not_served(house: House, admin: Any) -> None:
    watcher = house.client(ROUTERS, key=await make_key(admin, mode="observe"))
    assert (await store(watcher)).json()["stored"] is True
    assert (await check(watcher))["hit"] is False
    assert (await check(admin))["hit"] is True


async def test_invalidation_by_type_and_of_all(admin: Any) -> None:
    await store(admin)
    answer = await admin.post("/api/v1/cache/invalidate", json={"cacheType": "exact_response"})
    assert answer.json() == {"ok": True, "invalidated": 0, "cacheType": "exact_response"}
    assert (await check(admin))["hit"] is True
    assert (await admin.post("/api/v1/cache/invalidate", json={"cacheType": "tool_result"})).json()[
        "invalidated"
    ] == 1
    assert (await check(admin))["hit"] is False
    await store(admin)
    assert (await admin.post("/api/v1/cache/invalidate")).json()["invalidated"] == 1
    assert (await check(admin))["hit"] is False
    assert (await stats(admin))["tool_result"][0] == 0


async def test_an_unknown_type_is_a_400_that_names_the_known_ones(admin: Any) -> None:
    answer = await admin.post("/api/v1/cache/invalidate", json={"cacheType": "exakt"})
    assert answer.status_code == 400
    assert answer.json()["param"] == "cacheType" and "exact_response, tool_result" in answer.json()["error"]


async def test_invalidation_needs_an_admin_and_is_on_the_ledger(house: House, admin: Any) -> None:
    user = house.client(ROUTERS, key=await make_key(admin))
    assert (await user.post("/api/v1/cache/invalidate")).status_code == 403
    assert (await house.client(ROUTERS).post("/api/v1/cache/invalidate")).status_code == 401
    assert (await admin.post("/api/v1/cache/invalidate")).status_code == 200
    async with house.services.database.reading() as db:
        kinds = (
            (await db.execute(sa.select(ledger.c.kind).where(ledger.c.kind == "cache.invalidated")))
            .scalars()
            .all()
        )
    assert kinds == ["cache.invalidated"]


async def test_a_pinned_key_sees_stores_and_removes_only_its_apps_entries(house: House, admin: Any) -> None:
    pinned = house.client(ROUTERS, key=await make_key(admin, appId="app_a", admin=True))
    await store(admin, app="app_b")
    assert (await stats(pinned))["tool_result"] == (0, 0, 0)
    assert (await check(pinned))["hit"] is False
    assert (await store(pinned, app="app_b")).status_code == 403
    assert (await store(pinned)).json()["stored"] is True
    assert (await check(admin, app="app_a"))["hit"] is True
    assert (await pinned.post("/api/v1/cache/invalidate")).json()["invalidated"] == 1
    assert (await check(admin, app="app_b"))["hit"] is True


async def test_another_tenant_sees_and_removes_nothing(house: House, admin: Any) -> None:
    await store(admin, "MARKER")
    other = house.client(
        ROUTERS, key=(await admin.post("/api/v1/projects", json={"name": "other"})).json()["data"]["apiKey"]
    )
    assert (await check(other))["hit"] is False
    assert (await stats(other))["tool_result"] == (0, 0, 1)
    assert (await other.post("/api/v1/cache/invalidate")).json()["invalidated"] == 0
    assert (await check(admin)) == {"hit": True, "result": "MARKER"}
