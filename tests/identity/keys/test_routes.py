"""Keys over HTTP: made, listed, revoked; effective at the next call; never more rights than the maker has."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from headgate.call.caller import Caller
from headgate.govern.ledger.tables import ledger as ledger_table
from headgate.identity.accounts.routes import router as projects
from headgate.identity.keys import service
from headgate.identity.keys.routes import router as keys
from headgate.identity.keys.service import KeyDraft, Minting
from headgate.kernel.errors import Forbidden
from headgate.operate.webhooks.tables import outbox as outbox_table
from headgate.testing.house import House

ROUTERS = [keys, projects]
BOOT = "a-bootstrap-token"

pytestmark = pytest.mark.asyncio


async def protect(house: House) -> None:
    await house.configure(api_key=BOOT)


async def test_a_new_key_works_at_the_next_call_and_not_after_its_revocation(house: House) -> None:
    await protect(house)
    admin = house.client(ROUTERS, key=BOOT)
    made = await admin.post(
        "/api/v1/keys",
        json={"name": "staging observe", "mode": "observe", "appId": "support-agent", "admin": False},
    )
    assert made.status_code == 201
    key = made.json()
    assert key["token"].startswith("pk_") and key["prefix"] == key["token"][:7]
    user = house.client(ROUTERS, key=key["token"])
    assert (await user.get("/api/v1/projects/me")).status_code == 200
    assert (await user.get("/api/v1/keys")).status_code == 403
    revoked = await admin.post(f"/api/v1/keys/{key['id']}/revoke")
    assert revoked.status_code == 200 and revoked.json()["revokedAt"]
    refused = await user.get("/api/v1/projects/me")
    assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_is_shown_once_and_kept_nowhere(house: House) -> None:
    client = house.client(ROUTERS)
    token = (await client.post("/api/v1/keys", json={"name": "k"})).json()["token"]
    listing = await client.get("/api/v1/keys")
    assert token not in listing.text
    assert listing.json()["keys"][0]["prefix"] == token[:7]


async def test_projects_are_walled_off_from_each_other(house: House) -> None:
    open_client = house.client(ROUTERS)
    first = (await open_client.post("/api/v1/projects", json={"name": "One"})).json()["data"]
    second = (await open_client.post("/api/v1/projects", json={"name": "Two"})).json()["data"]
    one, two = (house.client(ROUTERS, key=each["apiKey"]) for each in (first, second))
    assert (await one.get("/api/v1/projects/me")).json()["data"]["name"] == "One"
    assert (await two.get("/api/v1/projects/me")).json()["data"]["id"] == second["project"]["id"]
    foreign = (await one.get("/api/v1/api-keys")).json()["data"][0]["id"]
    assert (await two.delete(f"/api/v1/api-keys/{foreign}")).status_code == 404
    assert (await two.post(f"/api/v1/keys/{foreign}/revoke")).status_code == 404


async def test_environment_keys_have_the_shape_of_the_registry_and_soft_revocation(house: House) -> None:
    client = house.client(ROUTERS)
    made = (
        await client.post("/api/v1/api-keys", json={"environment": "staging", "label": "CI/CD key"})
    ).json()["data"]
    assert made["fullKey"].startswith("po_live_") and made["keyPrefix"] == made["fullKey"][:12]
    gone = await client.delete(f"/api/v1/api-keys/{made['id']}")
    assert gone.json()["data"]["revokedAt"]
    listed = (await client.get("/api/v1/api-keys")).json()
    assert [(each["environment"], bool(each["revokedAt"])) for each in listed["data"]] == [("staging", True)]


async def test_an_unknown_environment_is_a_400_that_names_the_field(house: House) -> None:
    refused = await house.client(ROUTERS).post("/api/v1/api-keys", json={"environment": "prod"})
    assert refused.status_code == 400
    assert refused.json()["param"] == "environment" and refused.json()["code"] == "punk_invalid_request"


async def test_an_expired_key_is_refused_even_in_open_mode(house: House) -> None:
    client = house.client(ROUTERS)
    made = (
        await client.post("/api/v1/keys", json={"name": "short", "expiresAt": "2026-01-01T00:01:00Z"})
    ).json()
    user = house.client(ROUTERS, key=made["token"])
    assert (await user.get("/api/v1/projects/me")).status_code == 200
    house.clock.advance(61)
    assert (await user.get("/api/v1/projects/me")).status_code == 401
    past = await client.post("/api/v1/keys", json={"name": "past", "expiresAt": "2020-01-01"})
    assert past.status_code == 400 and past.json()["param"] == "expiresAt"


async def test_only_the_operator_makes_projects_in_protected_mode(house: House) -> None:
    await protect(house)
    nobody, admin = house.client(ROUTERS), house.client(ROUTERS, key=BOOT)
    assert (await nobody.post("/api/v1/projects", json={"name": "x"})).status_code == 401
    tenant_admin = (await admin.post("/api/v1/projects", json={"name": "x"})).json()["data"]["apiKey"]
    assert (
        await house.client(ROUTERS, key=tenant_admin).post("/api/v1/projects", json={"name": "y"})
    ).status_code == 403
    await house.configure(signup="open")
    assert (await nobody.post("/api/v1/projects", json={"name": "z"})).status_code == 201


async def test_last_use_is_written_by_the_flush(house: House) -> None:
    client = house.client(ROUTERS)
    token = (await client.post("/api/v1/keys", json={"name": "k", "admin": True})).json()["token"]
    user = house.client(ROUTERS, key=token)
    assert (await user.get("/api/v1/keys")).json()["keys"][0]["lastUsedAt"] is None
    await service.flush_use(house.services.database, house.use, house.clock)
    assert (await user.get("/api/v1/keys")).json()["keys"][0]["lastUsedAt"] is not None


async def test_making_and_ending_a_key_is_in_the_ledger_and_the_outbox_without_its_token(
    house: House,
) -> None:
    client = house.client(ROUTERS)
    made = (await client.post("/api/v1/keys", json={"name": "k"})).json()
    for _ in range(2):
        await client.post(f"/api/v1/keys/{made['id']}/revoke")
    async with house.services.database.reading() as db:
        acts = (await db.execute(sa.select(ledger_table).order_by(ledger_table.c.id))).mappings().all()
        told = (await db.execute(sa.select(outbox_table).order_by(outbox_table.c.id))).mappings().all()
    assert [(act["kind"], act["target"]) for act in acts] == [
        ("key.created", made["id"]),
        ("key.revoked", made["id"]),
    ]
    assert [each["name"] for each in told] == ["key.created", "key.revoked"]
    assert made["token"] not in str(acts) + str(told)


async def test_no_key_hands_on_rights_it_does_not_have(house: House) -> None:
    caller = Caller("ten_default", "pk", frozenset({"keys:admin", "runs:read"}))
    minting = Minting(b"p" * 32, house.services.ids, house.clock)
    async with house.services.database.writing() as db:
        with pytest.raises(Forbidden):
            await service.mint(db, caller, KeyDraft("pk", "ten_default"), minting)
        with pytest.raises(Forbidden):
            await service.mint(
                db, caller, KeyDraft("pk", "ten_other", rights=frozenset({"runs:read"})), minting
            )
        key, _ = await service.mint(
            db, caller, KeyDraft("pk", "ten_default", rights=frozenset({"runs:read"})), minting
        )
    assert key.rights == {"runs:read"}
