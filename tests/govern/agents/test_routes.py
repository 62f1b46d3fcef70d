"""Agents over HTTP: there from their first call on, changed by operators with a reason, each tenant its own."""

from __future__ import annotations

import httpx2
import pytest

from headgate.govern.agents.routes import router
from headgate.govern.ledger.routes import router as ledger_router
from headgate.identity.keys.routes import router as keys_router
from headgate.kernel.ids import Ids
from headgate.testing.frames import closed
from headgate.testing.house import House

PATH = "/api/v1/agents"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router, ledger_router))


def call(house: House, agent: str, **more: object) -> None:
    house.clock.advance(2)
    at_us = int(house.clock.now() * 1_000_000)
    house.recorder.write(closed(Ids(house.clock).new("run"), agent=agent, at_us=at_us, **more))


async def test_an_agent_is_there_from_its_first_call_on(house: House, client: httpx2.AsyncClient) -> None:
    call(house, "anna")
    call(house, "ben")
    call(house, "anna")
    call(house, "spy", tenant="ten_other")

    listed = (await client.get(PATH)).json()
    anna = (await client.get(f"{PATH}/anna")).json()

    assert [each["name"] for each in listed["agents"]] == ["anna", "ben"]
    assert anna["firstSeenAt"] < anna["lastSeenAt"]
    assert (anna["trustTier"], anna["kind"], anna["tags"]) == ("unverified", "identity", [])
    assert (await client.get(f"{PATH}/{anna['id']}")).json() == anna
    assert (await client.get(f"{PATH}/spy")).status_code == 404


async def test_tags_and_tier_are_set_with_a_reason_and_told(house: House, client: httpx2.AsyncClient) -> None:
    call(house, "anna")

    changed = await client.patch(
        f"{PATH}/anna", json={"tags": ["b", "a"], "trustTier": "trusted", "reason": "known"}
    )
    house.recorder.hurry()
    [entry] = (await client.get("/api/trust/ledger", params={"event_type": "agent.changed"})).json()["events"]
    back = (await client.patch(f"{PATH}/anna", json={"trustTier": ""})).json()

    assert (changed.json()["tags"], changed.json()["trustTier"]) == (["a", "b"], "trusted")
    assert (entry["detail"]["reason"], entry["detail"]["before"]["trustTier"]) == ("known", "unverified")
    assert (back["trustTier"], back["tierSetByOperator"], back["tags"]) == ("unverified", False, ["a", "b"])
    assert ("agents", "ten_default") in house.notices.told


async def test_only_admins_change_agents_and_wrong_tiers_are_named(
    house: House, client: httpx2.AsyncClient
) -> None:
    call(house, "anna")
    made = await house.client((keys_router,)).post("/api/v1/keys", json={"name": "user"})
    user = house.client((router,), key=made.json()["token"])

    assert (await user.get(PATH)).status_code == 200
    assert (await user.patch(f"{PATH}/anna", json={"tags": []})).status_code == 403
    assert "trustTier" in (await client.patch(f"{PATH}/anna", json={"trustTier": "king"})).text


async def test_a_key_of_one_app_does_not_see_the_agents_of_the_others(
    house: House, client: httpx2.AsyncClient
) -> None:
    call(house, "anna")
    made = await house.client((keys_router,)).post(
        "/api/v1/keys", json={"name": "of the shop", "appId": "shop"}
    )
    shop = house.client((router,), key=made.json()["token"])

    answers = [await shop.get(PATH), await shop.get(f"{PATH}/anna")]

    assert [each.status_code for each in answers] == [403, 403]
    assert "anna" not in "".join(each.text for each in answers)
