"""Policies of tenants: each change decides at once, is in the ledger with what was before, and files are read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.call.caller import open_caller
from headgate.govern.ledger.service import Author
from headgate.govern.policies import service
from headgate.govern.policies.hot import Who
from headgate.govern.policies.schemas import Policy
from headgate.govern.policies.service import NameTaken, NoSuchPolicy, PolicyKeeper
from headgate.kernel.errors import BadRequest
from headgate.kernel.ids import Ids
from headgate.testing.house import House
from tests.govern.policies.test_files import GOOD, write

DENY = Policy.model_validate({"name": "p", "rules": [{"effect": "deny", "actions": ["*"]}]})


def author(house: House) -> Author:
    return Author(open_caller(), Ids(house.clock), house.clock)


async def outcome(keeper: PolicyKeeper, tenant: str = "ten_default") -> str:
    return keeper.book.of(tenant).ask(Who("anna"), ("x:y",), {}).outcome


async def test_a_policy_decides_for_its_tenant_once_its_part_is_built(house: House, tmp_path: Path) -> None:
    keeper = PolicyKeeper(house.services.database, tmp_path)
    await keeper.load()
    async with house.services.database.writing() as db:
        made = await service.create(db, author(house), DENY)
    await keeper.build(None, "ten_default")
    denied = await outcome(keeper), await outcome(keeper, "ten_other")

    async with house.services.database.writing() as db:
        await service.change(db, author(house), made.id, None, enabled=False)
    await keeper.build(None, "ten_default")

    assert denied == ("deny", "allow")
    assert await outcome(keeper) == "allow"


async def test_a_name_is_there_once_and_what_is_not_there_is_told(house: House) -> None:
    async with house.services.database.writing() as db:
        await service.create(db, author(house), DENY)
    with pytest.raises(NameTaken):
        async with house.services.database.writing() as db:
            await service.create(db, author(house), DENY)
    with pytest.raises(NoSuchPolicy):
        async with house.services.database.writing() as db:
            await service.remove(db, author(house), "pol_nothing")


def test_a_bad_policy_names_its_field() -> None:
    with pytest.raises(BadRequest) as caught:
        service.read({"name": "p", "rules": [{"effect": "allow", "actions": ["*"], "when": "cost >"}]})

    assert caught.value.param == "rules.0.when"


async def test_files_hold_for_every_tenant_and_are_read_again(house: House, tmp_path: Path) -> None:
    keeper = PolicyKeeper(house.services.database, tmp_path)
    await keeper.load()
    write(tmp_path, "a.yaml", GOOD.replace("  tags: [support]", "  agentIds: [anna]"))

    assert await keeper.look()
    assert not await keeper.look()
    assert await keeper.look(again=True)
    assert (await outcome(keeper), await outcome(keeper, "ten_other")) == ("deny", "deny")
