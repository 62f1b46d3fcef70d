"""Keys below HTTP: tokens, expiry, what is kept, and the door after a change."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.identity.keys import service
from headgate.identity.keys.hot import token_hash
from headgate.identity.keys.service import KeyDraft, KeyNotFound, Minting
from headgate.identity.keys.tables import api_keys
from headgate.kernel.errors import BadRequest, Forbidden, Unauthorized
from headgate.testing.clock import START, FixedClock
from headgate.testing.house import House

HOST = {b"host": b"localhost"}


def minting(house: House) -> Minting:
    return Minting(house.door.rules.pepper, house.services.ids, house.clock)


@pytest.mark.parametrize("kind", service.KINDS)
def test_a_token_names_its_kind_and_no_two_are_alike(kind: service.Kind) -> None:
    tokens = {service.new_token(kind) for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith(f"{kind}_") and len(token) == len(kind) + 44 for token in tokens)


@pytest.mark.parametrize("value", ["yesterday", "2020-01-01", "nan", "inf", "1e300", -5, "", "9" * 400])
def test_an_expiry_that_is_none_or_past_is_refused(value: str | float) -> None:
    with pytest.raises(BadRequest, match="expiresAt"):
        service.expiry(value, FixedClock())


def test_an_expiry_is_read_in_both_forms() -> None:
    assert service.expiry("2026-01-01T00:00:10Z", FixedClock()) == service.expiry(START + 10, FixedClock())
    assert service.expiry(None, FixedClock()) is None


async def test_only_a_hash_of_the_token_is_kept(house: House) -> None:
    async with house.services.database.writing() as db:
        key, token = await service.mint(db, None, KeyDraft("pk", DEFAULT_TENANT), minting(house))
        row = (await db.execute(sa.select(api_keys))).mappings().one()
    assert bytes(row["hash"]) == token_hash(house.door.rules.pepper, token.encode())
    assert token not in str(dict(row)) and token.startswith(key.prefix)


async def test_the_door_knows_a_change_of_one_tenant_after_its_reload(house: House) -> None:
    caller = Caller(DEFAULT_TENANT, "internal", frozenset({"*"}))
    async with house.services.database.writing() as db:
        key, token = await service.mint(
            db, caller, KeyDraft("sy", DEFAULT_TENANT, mode="observe"), minting(house)
        )
    headers = {**HOST, b"authorization": f"Bearer {token}".encode()}
    assert house.door.admit(headers).kind == "open"
    await house.reload_keys(DEFAULT_TENANT)
    known = house.door.admit(headers)
    assert (known.kind, known.mode, known.key_id, known.admin) == ("sy", "observe", key.id, False)
    async with house.services.database.writing() as db:
        await service.revoke(db, caller, key.id, ids=house.services.ids, clock=house.clock)
    await house.reload_keys(DEFAULT_TENANT)
    with pytest.raises(Unauthorized):
        house.door.admit(headers)


async def test_a_key_pinned_to_an_app_makes_and_ends_only_keys_of_that_app(house: House) -> None:
    pinned = Caller(DEFAULT_TENANT, "pk", frozenset({"*"}), app_pin="one")
    async with house.services.database.writing() as db:
        with pytest.raises(Forbidden):
            await service.mint(db, pinned, KeyDraft("pk", DEFAULT_TENANT), minting(house))
        other, _ = await service.mint(db, None, KeyDraft("pk", DEFAULT_TENANT, app_pin="two"), minting(house))
        with pytest.raises(KeyNotFound):
            await service.revoke(db, pinned, other.id, ids=house.services.ids, clock=house.clock)
        mine, _ = await service.mint(
            db, pinned, KeyDraft("pk", DEFAULT_TENANT, app_pin="one"), minting(house)
        )
    assert mine.app_pin == "one"
