"""Changes of modules: walled by tenant, in the ledger with what was before, told to every process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.caller import Caller
from headgate.govern.ledger.tables import ledger
from headgate.modules.catalog import Catalog
from headgate.operate.modules_admin import service
from headgate.operate.modules_admin.routes import router
from headgate.operate.modules_admin.service import Acting, Change
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio


def acting(house: House, tenant: str = "ten_default") -> Acting:
    caller = Caller(tenant, "pk", frozenset({"*"}), key_id="key_1")
    return Acting(caller, house.services.ids, house.clock)


async def acts(house: House) -> list[dict[str, Any]]:
    async with house.services.database.reading() as db:
        rows = (await db.execute(ledger.select().order_by(ledger.c.id))).mappings().all()
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


async def test_the_ledger_holds_what_was_before_and_after(house: House) -> None:
    client = house.client([router])
    await client.put("/api/proxy/modules/cachelayer", json={"config": {"ttl_s": 10}})
    await client.put("/api/proxy/modules/cachelayer", json={"enabled": False})
    await client.post("/api/proxy/modules/cachelayer/undo")
    await client.post("/api/proxy/modules/bulk", json={"modules": ["modelalias"], "enabled": False})
    found = await acts(house)
    assert [each["kind"] for each in found] == [
        "module.updated",
        "module.updated",
        "module.undone",
        "modules.toggled",
    ]
    assert found[1]["target"] == "cachelayer"
    assert found[1]["detail"]["before"] == {"version": 1, "enabled": None, "config": {"ttl_s": 10}}
    assert found[1]["detail"]["after"] == {"version": 2, "enabled": False, "config": {"ttl_s": 10}}
    assert found[3]["detail"]["modules"][0]["before"] == {"version": 0, "enabled": None, "config": None}


async def test_a_change_is_told_as_a_part_of_the_plane(house: House) -> None:
    client = house.client([router])
    await client.put("/api/proxy/modules/cachelayer", json={"enabled": False})
    assert house.notices.told == [("modules", "ten_default")]


async def test_tenants_do_not_see_each_others_settings(house: House) -> None:
    catalog = Catalog(house.settings)
    kind = service.known(catalog, "cachelayer")
    async with house.services.database.writing() as db:
        await service.change(db, acting(house), catalog, kind, Change(config={"ttl_s": 5}))
    async with house.services.database.writing() as db:
        await service.change(db, acting(house, "ten_b"), catalog, kind, Change(enabled=False))
    async with house.services.database.reading() as db:
        every = await service.load(db)
        mine = await service.settings_of(db, "ten_b")
    assert {tenant: own["cachelayer"].fields for tenant, own in every.items()} == {
        "ten_default": {"ttl_s": 5}, "ten_b": {"enabled": False},
    }  # fmt: skip
    assert mine["cachelayer"].version == 1


async def test_an_undo_to_a_version_that_no_longer_fits_is_refused(house: House) -> None:
    """An old row may hold what this version of the program does not understand."""
    catalog = Catalog(house.settings)
    kind = service.known(catalog, "cachelayer")
    async with house.services.database.writing() as db:
        await service.queries.add(db, {
            "tenant": "ten_default", "name": "cachelayer", "version": 1, "enabled": True, "config": '{"gone": 1}',
            "restores": None, "changed_us": 1, "changed_by": "key_1",
        })  # fmt: skip
    async with house.services.database.writing() as db:
        await service.change(db, acting(house), catalog, kind, Change(config={}))
    with pytest.raises(service.BadRequest) as refusal:
        async with house.services.database.writing() as db:
            await service.undo(db, acting(house), catalog, kind)
    assert refusal.value.param == "config.gone"
