"""Spend over HTTP in a running gateway: each write is read back and shows its effect on a call, each call counts at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.conftest import Running, running, serving
from tests.gateway.http import Answer, chat

__all__ = ["running"]


async def get(gateway: Running, path: str) -> dict[str, Any]:
    answer = await gateway.get(path)
    assert answer.status == 200, answer.body
    return answer.json


async def write(gateway: Running, method: str, path: str, body: Any = None) -> Answer:
    return await gateway.ask(b"" if body is None else body, path=path, method=method)


async def call(gateway: Running, **headers: str) -> float:
    """One call; what it cost."""
    answer = await gateway.ask(chat("how much is the fish", max_tokens=9), headers=headers)
    assert answer.status == 200, answer.body
    return (await gateway.run(answer.run_id))["costUsd"]


async def refused(gateway: Running, **headers: str) -> bool:
    return (await gateway.ask(chat("how much is the fish", max_tokens=9), headers=headers)).status == 429


async def test_spend_of_projects_is_counted_with_the_answer(running: Running) -> None:
    assert await get(running, "/api/spend") == {
        "projects": {},
        "total": {"today": 0, "month": 0, "unpriced": 0},
    }
    cost = await call(running, **{"x-project": "web"})
    other = await call(running)
    spend = await get(running, "/api/spend")
    assert spend["projects"]["web"] == {"today": cost, "month": cost, "unpriced": 0}
    assert spend["total"]["today"] == pytest.approx(cost + other)


async def test_history_is_by_day_and_by_project(running: Running) -> None:
    cost = await call(running, **{"x-project": "web"})
    await call(running)
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    (day,) = (await get(running, "/api/spend/history?days=7&project=web"))["daily"]
    assert (day["date"], day["cost"], day["requests"], day["tokens_out"]) == (today, cost, 1, 9)
    (whole,) = (await get(running, "/api/spend/history"))["daily"]
    assert whole["requests"] == 2


@pytest.mark.parametrize("days", ["0", "366", "many"])
async def test_a_history_is_of_one_to_365_days(running: Running, days: str) -> None:
    for path in ("/api/spend/history", "/api/users/alice/spend/history"):
        answer = await running.get(f"{path}?days={days}")
        assert (answer.status, answer.json["error"]["param"]) == (400, "days")


async def test_a_user_is_whom_an_application_names(running: Running) -> None:
    cost = await call(running, **{"x-user-id": "alice"})
    await call(running, **{"x-user-id": "bob"})
    spend = await get(running, "/api/users/alice/spend")
    assert (spend["user_id"], spend["today"], spend["month"], spend["tokens_out"]) == ("alice", cost, cost, 9)
    (day,) = (await get(running, "/api/users/alice/spend/history?days=30"))["daily"]
    assert (day["cost"], day["requests"]) == (cost, 1)


async def test_the_cap_of_a_user_is_read_back_and_holds(running: Running) -> None:
    path = "/api/users/alice/spend/cap"
    empty = {"user_id": "alice", "daily_cap": 0, "monthly_cap": 0, "soft_cap": False, "configured": False}
    assert await get(running, path) == empty
    cost = await call(running, **{"x-user-id": "alice"})
    assert (await write(running, "PUT", path, {"daily_cap": cost, "monthly_cap": 5})).json == {
        "status": "updated"
    }
    assert await get(running, path) == empty | {"daily_cap": cost, "monthly_cap": 5, "configured": True}
    assert await refused(running, **{"x-user-id": "alice"})
    assert not await refused(running, **{"x-user-id": "bob"})
    await write(running, "PUT", path, {"daily_cap": cost, "soft_cap": True})
    assert not await refused(running, **{"x-user-id": "alice"})
    await write(running, "PUT", path, {})
    assert await get(running, path) == empty


@pytest.mark.parametrize(
    ("body", "param"),
    [({"daily_cap": -1}, "daily_cap"), ({"daily_cap": 1_000_001}, "daily_cap"), ({"monthly_cap": 10_000_001}, "monthly_cap"),
     ({"daily_cap": "much"}, "daily_cap"), ({"weekly_cap": 1}, "weekly_cap")],
)  # fmt: skip
async def test_amounts_that_are_none_are_named(running: Running, body: dict[str, Any], param: str) -> None:
    answer = await write(running, "PUT", "/api/users/alice/spend/cap", body)
    assert answer.status == 400, answer.body
    assert param in str(answer.json["error"]["param"])


async def test_caps_are_set_listed_and_removed(running: Running) -> None:
    cost = await call(running, **{"x-project": "web"})
    body = {"scope": "project", "name": "web", "daily_cap": cost}
    assert (await write(running, "PUT", "/api/spend/caps", body)).json == {"status": "updated"}
    await write(running, "PUT", "/api/spend/caps", {"scope": "session", "name": "*", "daily_cap": 1})
    listed = await get(running, "/api/spend/caps")
    assert (listed["total"], listed["has_more"]) == (2, False)
    assert listed["caps"][0] == {
        "scope": "project", "name": "web", "daily_cap": cost, "monthly_cap": 0, "soft_cap": False, "source": "api", "today": cost,
        "month": cost,
    }  # fmt: skip
    assert listed["caps"][1]["today"] is None
    assert (await get(running, "/api/spend/caps?scope=project&name=web"))["total"] == 1
    assert await refused(running, **{"x-project": "web"})
    assert (await write(running, "DELETE", "/api/spend/caps?scope=project&name=web")).json == {
        "status": "deleted"
    }
    assert not await refused(running, **{"x-project": "web"})
    assert (await write(running, "DELETE", "/api/spend/caps?scope=project&name=web")).status == 404


async def test_caps_of_the_settings_hold_until_a_row_says_otherwise(tmp_path: Path) -> None:
    projects = {"web": {"caps": {"daily": 0.0000001}}}
    async with serving(tmp_path / "data", projects=projects) as gateway:
        assert await refused(gateway, **{"x-project": "web"})
        assert (await get(gateway, "/api/spend/caps"))["caps"][0]["source"] == "settings"
        await write(gateway, "PUT", "/api/spend/caps", {"scope": "project", "name": "web", "daily_cap": 1})
        assert not await refused(gateway, **{"x-project": "web"})
        await write(gateway, "DELETE", "/api/spend/caps?scope=project&name=web")
        assert await refused(gateway, **{"x-project": "web"})


async def test_what_was_spent_before_a_restart_counts(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as gateway:
        cost = await call(gateway)
        await write(gateway, "PUT", "/api/spend/caps", {"scope": "tenant", "daily_cap": cost * 1.5})
    async with serving(tmp_path / "data") as gateway:
        assert await refused(gateway)
        assert (await get(gateway, "/api/spend"))["total"]["today"] == cost


async def test_the_cache_is_counted_and_cleared(running: Running) -> None:
    for _ in range(2):
        answer = await running.ask(chat("the same", temperature=0))
        assert answer.status == 200
    stats = await get(running, "/api/cache/stats")
    saved = (await running.run(answer.run_id))["savedUsd"]
    assert (stats["entries"], stats["hits"], stats["misses"], stats["hit_rate"]) == (1, 1, 1, 0.5)
    assert stats["savings_usd"] == saved > 0
    assert stats["size_bytes"] > 100
    assert (await write(running, "DELETE", "/api/cache")).json == {"status": "cleared", "removed": 1}
    assert (await get(running, "/api/cache/stats"))["entries"] == 0
    again = await running.ask(chat("the same", temperature=0))
    assert again.headers["x-headgate-cache"] == "miss"


async def test_a_key_of_one_app_sees_no_money_of_the_others(running: Running) -> None:
    made = await write(running, "POST", "/api/v1/keys", {"name": "app", "appId": "one", "admin": True})
    key = {"authorization": f"Bearer {made.json['token']}"}
    for path in ("/api/spend", "/api/spend/history", "/api/users/alice/spend", "/api/spend/caps"):
        assert (await running.get(path, **key)).status == 403
