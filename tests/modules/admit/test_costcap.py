"""Caps as calls meet them: plain and streamed, set through the API, held from the next call on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from headgate.modules.admit.costcap import Config
from tests.gateway.conftest import Running
from tests.gateway.http import Answer
from tests.modules.live import run_of, say, switch


async def cost_of_one(gateway: Running, **more: Any) -> Decimal:
    answer = await say(gateway, max_tokens=20, **more)
    assert answer.status == 200, answer.body
    return Decimal(str((await run_of(gateway, answer))["costUsd"]))


async def cap(gateway: Running, scope: str, name: str, **amounts: Any) -> None:
    body = {"scope": scope, "name": name, **amounts}
    answer = await gateway.ask(body, path="/api/spend/caps", method="PUT")
    assert answer.status == 200, answer.body


def refused(answer: Answer) -> dict[str, Any]:
    assert answer.status == 429, answer.body
    assert answer.json["error"]["code"] == "rate_limited"
    assert {
        "retry-after",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    } <= answer.headers.keys()
    return answer.json["error"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cap_of_the_api_refuses_the_next_call_that_has_no_room(
    running: Running, stream: bool
) -> None:
    one = await cost_of_one(running, stream=stream)
    await cap(running, "project", "default", daily_cap=float(one * Decimal("1.5")))
    error = refused(await say(running, max_tokens=20, stream=stream))
    assert error["spent"] == pytest.approx(float(one))
    assert (error["period"], error["scope"], error["name"]) == ("daily", "project", "default")
    assert error["resets_at"].endswith("T00:00:00.000000Z")


async def test_a_project_without_a_cap_of_its_own_stands_under_the_default_one(running: Running) -> None:
    await cap(running, "project", "default", daily_cap=0.0000001)
    refused(await say(running, headers={"X-Project": "other"}))
    await cap(running, "project", "other", daily_cap=0, monthly_cap=0)
    assert (await say(running, headers={"X-Project": "other"})).status == 200


@pytest.mark.parametrize(
    ("scope", "name", "headers"),
    [("user", "alice", {"X-User-Id": "alice"}), ("session", "s-1", {"X-Session-Id": "s-1"}),
     ("tag", "team=red", {"X-Stockyard-Tags": "team=red"}), ("tenant", "", {})],
)  # fmt: skip
async def test_users_sessions_and_tags_have_caps_too(
    running: Running, scope: str, name: str, headers: dict[str, str]
) -> None:
    await cap(running, scope, name, monthly_cap=0.0000001)
    assert refused(await say(running, headers=headers))["scope"] == scope
    if headers:
        assert (await say(running)).status == 200, "somebody else's money"


async def test_an_exhausted_cap_still_serves_what_costs_nothing(running: Running) -> None:
    first = await say(running, temperature=0)
    assert first.status == 200
    await cap(running, "tenant", "", daily_cap=0.0000001)
    again = await say(running, temperature=0)
    assert (again.status, again.headers["x-headgate-cache"]) == (200, "hit")
    refused(await say(running, "something else", temperature=0))


async def test_a_model_without_a_price_is_refused_under_a_cap(running: Running) -> None:
    assert (await say(running, model="nobody-knows-this")).status == 200
    await cap(running, "tenant", "", daily_cap=10)
    answer = await say(running, model="nobody-knows-this")
    assert (answer.status, answer.json["error"]["code"]) == (400, "unpriced_model")


async def test_a_soft_cap_warns(running: Running) -> None:
    await cap(running, "tenant", "", daily_cap=0.0000001, soft_cap=True)
    answer = await say(running)
    assert answer.status == 200
    assert "soft spend cap" in answer.headers["x-headgate-warnings"]


@pytest.mark.parametrize("action", ["block", "warn"])
async def test_limits_of_the_module_are_those_of_the_tenant(running: Running, action: str) -> None:
    await switch(running, "costcap", daily_limit_usd=0.0000001, action=action)
    answer = await say(running)
    if action == "block":
        assert refused(answer)["scope"] == "tenant"
    else:
        assert answer.status == 200
    await switch(running, "caps", enabled=False, daily_limit_usd=0.0000001)
    assert (await say(running)).status == 200


def test_limits_are_amounts() -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"daily_limit_usd": -1})
