"""The operator's price book: rows that follow each other, in the ledger, set by who runs the gateway only."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from headgate.call.caller import open_caller
from headgate.call.frames import Usage
from headgate.govern.ledger.tables import ledger
from headgate.kernel.errors import BadRequest, Forbidden, NotFound
from headgate.providers.prices import PriceBook
from headgate.record.spend import pricing
from headgate.record.spend.pricing import PriceDraft
from headgate.testing.clock import START
from headgate.testing.house import House

ME = open_caller()


async def put(house: House, price: int, *, after_s: int = 0, provider: str = "", model: str = "m") -> str:
    draft = PriceDraft(provider, model, {"input": price, "output": price}, int((START + after_s) * 10**6))
    async with house.services.database.writing() as db:
        return (await pricing.set_price(db, ME, draft, house.services.ids, house.clock))["id"]


async def book(house: House) -> PriceBook:
    prices = PriceBook({"m": {"input": 1, "output": 1}}, house.clock)
    async with house.services.database.reading() as db:
        prices.set_own(await pricing.own_prices(db))
    return prices


def cost(prices: PriceBook, provider: str = "openai", *, after_s: int = 0) -> int | None:
    return prices.cost(provider, "m", Usage(1, 0, known=True), START + after_s)


async def test_a_row_holds_from_its_date_until_the_next_one(house: House) -> None:
    await put(house, 2, after_s=100)
    await put(house, 3, after_s=200)
    prices = await book(house)
    assert [cost(prices, after_s=at) for at in (99, 100, 199, 200)] == [
        10**6,
        2 * 10**6,
        2 * 10**6,
        3 * 10**6,
    ]


async def test_the_price_of_a_provider_comes_before_that_of_everyone(house: House) -> None:
    await put(house, 2)
    await put(house, 5, provider="groq")
    prices = await book(house)
    assert (cost(prices), cost(prices, "groq")) == (2 * 10**6, 5 * 10**6)


async def test_a_withdrawn_row_holds_no_more_and_stays_in_the_list_and_the_ledger(house: House) -> None:
    price_id = await put(house, 2)
    async with house.services.database.writing() as db:
        await pricing.withdraw_price(db, ME, price_id, house.services.ids, house.clock)
        with pytest.raises(NotFound):
            await pricing.withdraw_price(db, ME, price_id, house.services.ids, house.clock)
        kinds = [
            kind for (kind,) in await db.execute(sa.select(ledger.c.kind).where(ledger.c.target == price_id))
        ]
    assert cost(await book(house)) == 10**6
    assert sorted(kinds) == ["price.set", "price.withdrawn"]
    async with house.services.database.reading() as db:
        assert len(await pricing.prices(db)) == 1


async def test_only_those_who_run_the_gateway_set_its_prices(house: House) -> None:
    other = replace(ME, tenant="ten_other")
    async with house.services.database.writing() as db:
        with pytest.raises(Forbidden):
            await pricing.set_price(db, other, PriceDraft("", "m", {}, 0), house.services.ids, house.clock)
        with pytest.raises(BadRequest, match="input"):
            await pricing.set_price(db, ME, PriceDraft("", "m", {}, 0), house.services.ids, house.clock)
