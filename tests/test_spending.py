"""Caps and prices of settings and rows are there when the gateway starts, and change in place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.call.caller import open_caller
from headgate.call.frames import Usage
from headgate.kernel.tasks import Tasks
from headgate.record.spend import capping, pricing
from headgate.record.spend.capping import Amounts, BadCap
from headgate.spending import Spending
from headgate.testing.house import House
from tests.record.spend.spending import TENANT, make_call


async def build(house: House, **settings: object) -> Spending:
    services = house.services
    made = replace(services.settings, **settings)
    return await Spending.build(made, services.database, house.recorder, house.clock, services.ids)


async def test_caps_of_settings_and_rows_hold_from_the_start_and_change(house: House) -> None:
    spending = await build(house, caps={"user:usr_1": {"daily": 1}})
    call = make_call(house.clock)
    assert [each.payer.scope for each in spending.purse.standings(call)] == ["user"]
    async with house.services.database.writing() as db:
        cap = capping.make(TENANT, "project", "default", Amounts(daily_usd=Amounts().daily_usd + 1))
        await capping.put(db, open_caller(), cap, house.services.ids, house.clock)
    await spending.builders["caps"](None, TENANT)
    assert [each.payer.scope for each in spending.purse.standings(call)] == ["project", "user"]
    again = await build(house)
    assert [each.payer.scope for each in again.purse.standings(call)] == ["project"]


async def test_prices_change_in_place(house: House) -> None:
    spending = await build(house)
    draft = pricing.PriceDraft("", "m", {"input": 1, "output": 1}, 0)
    async with house.services.database.writing() as db:
        await pricing.set_price(db, open_caller(), draft, house.services.ids, house.clock)
    assert spending.prices.cost("x", "m", Usage(1, 0, known=True)) is None
    await spending.builders["prices"](None, TENANT)
    assert spending.prices.cost("x", "m", Usage(1, 0, known=True)) == 10**6


async def test_a_cap_that_is_none_stops_the_start(house: House) -> None:
    with pytest.raises(BadCap, match=r"caps\.planet:x"):
        await build(house, caps={"planet:x": {"daily": 1}})


async def test_it_watches_in_the_background(house: House) -> None:
    spending, tasks = await build(house), Tasks()
    spending.start(tasks)
    assert len(tasks) == 1
    await tasks.cancel_all(timeout_s=1)
    assert spending.hot["purse"] is spending.purse
