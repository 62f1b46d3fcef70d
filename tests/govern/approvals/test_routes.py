"""`/api/v1/approvals` over HTTP: who may decide, how many must, and that one of two deciders wins."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from headgate.govern.approvals.book import ASKED, Wish, asked
from headgate.govern.approvals.routes import router
from headgate.govern.ledger.routes import router as ledger_router
from headgate.identity.keys.routes import router as keys_router
from headgate.kernel.clock import to_us
from headgate.kernel.ids import Ids
from headgate.testing.frames import closed
from headgate.testing.house import House

PATH = "/api/v1/approvals"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router, ledger_router))


def wish(house: House, approval_id: str = "apr_1", **more: Any) -> str:
    """A run that asked for approval, as the gate puts it on record."""
    made = Wish(**{
        "tenant": "ten_default", "requester": "key_robot", "agent": "anna", "app": "shop", "subject": "", "action": "write:email",
        "tool": "send_email", "arguments": approval_id.encode(), "policy": "p", "version": "1", "rule": "mail", **more,
    })  # fmt: skip
    told = asked(made, approval_id, to_us(house.clock.now()), {"tool": "send_email"})
    house.recorder.write(closed(Ids(house.clock).new("run"), app=made.app, explanation={ASKED: [told]}))
    return approval_id


async def decide(client: httpx2.AsyncClient, approval_id: str, how: str = "approve") -> httpx2.Response:
    return await client.post(f"{PATH}/{approval_id}/{how}", json={"reason": "looked at it"})


async def test_a_wish_is_listed_decided_and_in_the_ledger(house: House, client: httpx2.AsyncClient) -> None:
    wish(house)
    pending = (await client.get(PATH, params={"status": "pending"})).json()
    decided = (await decide(client, "apr_1")).json()
    house.recorder.hurry()
    audit = (await client.get("/api/v1/audit")).json()["events"]

    assert [(each["id"], each["status"], each["tool"]) for each in pending["approvals"]] == [
        ("apr_1", "pending", "send_email")
    ]
    assert (decided["status"], decided["votes"][0]["reason"]) == ("approved", "looked at it")
    assert {"approval.requested", "approval.approved"} <= {each["kind"] for each in audit}
    assert ("approvals", "ten_default") in house.notices.told


async def test_a_quorum_needs_different_people(house: House) -> None:
    wish(house, needed=2)
    owner = house.client((router,))
    made = await house.client((keys_router,)).post("/api/v1/keys", json={"name": "second", "admin": True})
    second = house.client((router,), key=made.json()["token"])

    first = (await decide(owner, "apr_1")).json()
    twice = await decide(owner, "apr_1")
    both = (await decide(second, "apr_1")).json()

    assert (first["status"], twice.status_code, both["status"]) == ("pending", 403, "approved")
    assert len(both["votes"]) == 2


async def test_whoever_asked_may_not_decide_unless_the_policy_says_so(house: House) -> None:
    made = (
        await house.client((keys_router,)).post("/api/v1/keys", json={"name": "robot", "admin": True})
    ).json()
    robot = house.client((router,), key=made["token"])
    wish(house, "apr_1", requester=made["id"])
    wish(house, "apr_2", requester=made["id"], requester_may_decide=True)

    assert (await decide(robot, "apr_1")).status_code == 403
    assert (await decide(robot, "apr_2")).json()["status"] == "approved"


async def test_one_rejection_is_enough_and_a_decided_one_stays(
    house: House, client: httpx2.AsyncClient
) -> None:
    wish(house, needed=3)

    assert (await decide(client, "apr_1", "reject")).json()["status"] == "rejected"
    assert (await decide(client, "apr_1")).status_code == 409


async def test_of_two_deciders_at_once_one_wins(house: House) -> None:
    wish(house)
    made = await house.client((keys_router,)).post("/api/v1/keys", json={"name": "second", "admin": True})
    one, other = house.client((router,)), house.client((router,), key=made.json()["token"])

    answers = await asyncio.gather(decide(one, "apr_1"), decide(other, "apr_1", "reject"))

    assert sorted(each.status_code for each in answers) == [200, 409]


async def test_an_expired_wish_cannot_be_decided(house: House, client: httpx2.AsyncClient) -> None:
    wish(house)
    await house.recorder.caught_up(5)
    house.clock.advance(8 * 24 * 3600)

    answer = await decide(client, "apr_1")
    listed = (await client.get(PATH, params={"status": "expired"})).json()

    assert (answer.status_code, answer.json()["state"]) == (409, "expired")
    assert listed["total"] == 1


async def test_only_admins_decide_and_nobody_sees_another_tenants(
    house: House, client: httpx2.AsyncClient
) -> None:
    wish(house)
    made = await house.client((keys_router,)).post("/api/v1/keys", json={"name": "user"})
    user = house.client((router,), key=made.json()["token"])
    wish(house, "apr_other", tenant="ten_other")

    assert (await decide(user, "apr_1")).status_code == 403
    assert (await user.get(PATH)).status_code == 200
    assert (await client.get(f"{PATH}/apr_nothing")).status_code == 404


async def test_a_key_of_one_app_sees_and_decides_what_its_app_asked_for_only(house: House) -> None:
    wish(house, "apr_shop", app="shop")
    wish(house, "apr_desk", app="desk")
    body = {"name": "of the shop", "admin": True, "appId": "shop"}
    made = await house.client((keys_router,)).post("/api/v1/keys", json=body)
    shop = house.client((router,), key=made.json()["token"])

    listed = (await shop.get(PATH)).json()
    others = await shop.get(f"{PATH}/apr_desk")
    decided = [(await decide(shop, each)).status_code for each in ("apr_desk", "apr_shop")]

    assert [each["id"] for each in listed["approvals"]] == ["apr_shop"]
    assert (others.status_code, decided) == (404, [404, 200])
