"""Rules reach those who judge by them, a tenant's at a time, and a rule that cannot be used leaves the old ones standing."""

from __future__ import annotations

import pytest

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.govern.guardrails import service
from headgate.govern.guardrails.rules import Rule, RuleBook
from headgate.govern.guardrails.service import Acting, NameTaken
from headgate.kernel.errors import BadRequest
from headgate.testing.house import House


def acting(house: House, tenant: str = DEFAULT_TENANT) -> Acting:
    return Acting(Caller(tenant, "pk", key_id="key_1"), house.services.ids, house.clock)


def names(book: RuleBook, tenant: str) -> list[str]:
    found = book.of(tenant)
    return [rule.name for rule in found.input.rules] if found is not None and found.input is not None else []


async def make(house: House, name: str, tenant: str = DEFAULT_TENANT, **more: object) -> Rule:
    async with house.services.database.writing() as db:
        return await service.create(db, acting(house, tenant), {"name": name, "pattern": "x", **more})


async def test_the_book_holds_every_tenants_rules_in_the_order_of_their_priority(house: House) -> None:
    await make(house, "late")
    await make(house, "early", priority=1)
    await make(house, "other", "ten_b")
    book = await service.load_book(house.services.database)
    assert names(book, DEFAULT_TENANT) == ["early", "late"]
    assert names(book, "ten_b") == ["other"]


async def test_a_rebuild_reads_one_tenant_again(house: House) -> None:
    book = await service.load_book(house.services.database)
    build = service.book_builder(house.services.database, book)
    made = await make(house, "new")
    await make(house, "other", "ten_b")
    assert await build(None, DEFAULT_TENANT) == {}
    assert (names(book, DEFAULT_TENANT), names(book, "ten_b")) == (["new"], [])
    async with house.services.database.writing() as db:
        await service.remove(db, acting(house), made.id)
    await build(None, DEFAULT_TENANT)
    assert book.of(DEFAULT_TENANT) is None


async def test_a_name_that_is_taken_and_too_many_rules(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(house, "one")
    with pytest.raises(NameTaken):
        await make(house, "one")
    await make(house, "one", "ten_b")
    monkeypatch.setattr(service, "MAX_RULES", 1)
    with pytest.raises(BadRequest, match="at most 1"):
        await make(house, "two")


def test_trying_out_asks_only_rules_that_are_on_and_hold() -> None:
    rules = [
        Rule("1", "on", "x"),
        Rule("2", "off", "x", enabled=False),
        Rule("3", "elsewhere", "x", project="p"),
    ]
    assert [match.rule.name for match in service.try_out(rules, "an x", "default")] == ["on"]
    assert service.try_out([], "an x", "default") == []
