"""`/api/v1/credentials`: values go in and never come back, not even into the ledger or the database as text."""

from __future__ import annotations

import pytest

from headgate.govern.ledger.routes import router as ledger_router
from headgate.identity.accounts.routes import router as accounts_router
from headgate.identity.credentials.routes import router
from headgate.testing.house import House

PATH = "/api/v1/credentials"
VALUE = "the-planted-value-0815"


async def test_a_credential_is_made_listed_and_deleted_without_its_value(house: House) -> None:
    client = house.client((router, ledger_router))

    made = await client.post(PATH, json={"name": "tracker", "kind": "bearer", "value": VALUE})
    listed = await client.get(PATH)
    gone = await client.delete(f"{PATH}/{made.json()['id']}")
    again = await client.delete(f"{PATH}/{made.json()['id']}")
    told = await client.get("/api/trust/ledger")

    assert made.status_code == 201
    assert made.json()["ref"] == f"cred:{made.json()['id']}"
    assert len(made.json()["keyId"]) == 16
    assert listed.json()["credentials"] == [made.json()]
    assert (gone.status_code, again.status_code) == (200, 404)
    assert (await client.get(PATH)).json()["total"] == 0
    assert {each["event_type"] for each in told.json()["events"]} == {
        "credential.deleted",
        "credential.created",
    }
    assert not any(VALUE in answer.text for answer in (made, listed, gone, told))
    assert ("credentials", "ten_default") in house.notices.told
    folder = house.settings.data_dir.parent
    assert not any(VALUE.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "a", "value": ""}, 400),
        ({"value": "x"}, 400),
        ({"name": "a", "value": "x", "kind": "magic"}, 400),
    ],
)
async def test_what_is_wrong_is_refused(house: House, body: dict[str, str], status: int) -> None:
    assert (await house.client([router]).post(PATH, json=body)).status_code == status


async def test_a_name_is_given_once_and_another_tenant_sees_nothing(house: House) -> None:
    client = house.client((router, accounts_router))
    made = await client.post(PATH, json={"name": "one", "value": "x"})
    assert (await client.post(PATH, json={"name": "one", "value": "y"})).status_code == 409
    other = (await client.post("/api/v1/projects", json={"name": "Other"})).json()["data"]["apiKey"]
    stranger = house.client([router], key=other)

    assert (await stranger.get(PATH)).json()["total"] == 0
    assert (await stranger.delete(f"{PATH}/{made.json()['id']}")).status_code == 404
    assert (await stranger.post(PATH, json={"name": "one", "value": "z"})).status_code == 201
