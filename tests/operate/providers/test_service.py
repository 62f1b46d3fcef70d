"""Providers of tenants in the database: sealed to their row, loaded for the plane, and left out when they cannot be used."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from headgate.call.caller import Caller
from headgate.kernel.errors import BadRequest
from headgate.operate.providers import service
from headgate.operate.providers.service import Acting, AddressRefused, Wish
from headgate.operate.providers.tables import custom_providers
from headgate.providers.ssrf import Reach
from headgate.store.sealing import Sealer, add_key
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio
URL = "https://8.8.8.8/v1"


def acting(house: House, tenant: str = "ten_default") -> Acting:
    return Acting(
        Caller(tenant, "sy_admin"), house.services.ids, house.clock, house.services.hot["providers"]
    )


async def add(house: House, tenant: str = "ten_default", name: str = "mine") -> None:
    async with house.services.database.writing() as db:
        await service.add(db, acting(house, tenant), name, Wish(URL, "sk-hush", "openai", ["a*"]))


async def test_all_tenants_are_loaded_and_each_alone(house: House) -> None:
    await add(house)
    await add(house, "ten_other", "theirs")
    desk = house.services.hot["providers"]
    found = await service.load(house.services.database, desk.sealer, Reach(private=True))
    assert {tenant: [each.name for each in own] for tenant, own in found.items()} == {
        "ten_default": ["mine"], "ten_other": ["theirs"],
    }  # fmt: skip
    assert found["ten_other"][0].keys[0].secret == "sk-hush"
    assert list(await service.load(house.services.database, desk.sealer, Reach(), "ten_other")) == [
        "ten_other"
    ]


async def test_a_key_that_was_moved_to_another_row_does_not_open(house: House) -> None:
    """Sealed keys are bound to their row: one tenant's cannot be used by another."""
    await add(house)
    await add(house, "ten_other", "theirs")
    async with house.services.database.writing() as db:
        table = custom_providers.c
        sealed = (await db.execute(sa.select(table.sealed_key).where(table.name == "mine"))).scalar_one()
        await db.execute(sa.update(custom_providers).where(table.name == "theirs").values(sealed_key=sealed))
    found = await service.load(house.services.database, house.services.hot["providers"].sealer, Reach())
    assert list(found) == ["ten_default"]


async def test_what_may_no_longer_be_reached_is_left_out(house: House) -> None:
    await add(house)
    async with house.services.database.writing() as db:
        await db.execute(sa.update(custom_providers).values(base_url="http://10.0.0.1/v1"))
    desk = house.services.hot["providers"]
    assert await service.load(house.services.database, desk.sealer, Reach()) == {}
    assert list(await service.load(house.services.database, desk.sealer, Reach(private=True))) == [
        "ten_default"
    ]


async def test_there_is_an_end_to_how_many(house: House) -> None:
    for number in range(service.MAX_OWN):
        await add(house, name=f"p{number}")
    with pytest.raises(BadRequest, match="remove one"):
        await add(house, name="one-more")


async def test_private_addresses_only_where_the_operator_allows_them(house: House) -> None:
    desk = replace(house.services.hot["providers"], reach=Reach())
    with pytest.raises(AddressRefused):
        await service.judge_address("http://127.0.0.1:11434/v1", desk.reach)
    with pytest.raises(AddressRefused):
        await service.judge_address("http://localhost:11434/v1", desk.reach)
    await service.judge_address("http://127.0.0.1:11434/v1", Reach(private=True))


async def test_keys_are_sealed_anew_with_the_newest_key_and_still_open(house: House) -> None:
    await add(house)
    old = Sealer(house.settings.data_dir, service.PURPOSE)
    add_key(house.settings.data_dir)
    newest = Sealer(house.settings.data_dir, service.PURPOSE)
    async with house.services.database.writing() as db:
        first, second = await service.seal_again(db, newest), await service.seal_again(db, newest)
        sealed = (await db.execute(sa.select(custom_providers.c.sealed_key))).scalar_one()
    found = await service.load(house.services.database, old, Reach(private=True))

    assert (first, second) == (["ten_default"], [])
    assert newest.is_current(bytes(sealed))
    assert found["ten_default"][0].keys[0].secret == "sk-hush"
