"""Tenants: the default one is there after every start, once; who may make more."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from headgate.call.caller import Caller, open_caller
from headgate.identity.accounts import service
from headgate.identity.accounts.tables import memberships, tenants, users
from headgate.kernel.errors import Forbidden, NotFound, Unauthorized
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from headgate.testing.house import House


async def test_seeding_again_changes_nothing(database: Database, clock: FixedClock) -> None:
    for _ in range(2):
        async with database.writing() as db:
            await service.seed(db, clock)
        clock.advance(10)
    async with database.reading() as db:
        for table in (tenants, users, memberships):
            assert (await db.execute(sa.select(sa.func.count()).select_from(table))).scalar_one() == 1
        assert (await service.find_tenant(db, "ten_default")).name == "Default"
        with pytest.raises(NotFound):
            await service.find_tenant(db, "ten_none")


async def test_a_new_tenant_is_found_under_its_id(house: House) -> None:
    async with house.services.database.writing() as db:
        made = await service.create_tenant(db, "My AI App", ids=house.services.ids, clock=house.clock)
        assert await service.find_tenant(db, made.id) == made


def test_who_may_make_a_project() -> None:
    refusal = Unauthorized("who are you")
    tenant_admin = Caller("ten_other", "po_live", frozenset({"*"}), admin=True)
    pinned = Caller("ten_default", "pk", frozenset({"*"}), admin=True, app_pin="app1")
    operator = Caller("ten_default", "bootstrap", frozenset({"*"}), admin=True)
    service.check_signup(open_caller(), None, protected=False, signup="closed")
    service.check_signup(operator, None, protected=True, signup="closed")
    service.check_signup(None, refusal, protected=True, signup="open")
    service.check_signup(tenant_admin, None, protected=True, signup="open")
    with pytest.raises(Unauthorized):
        service.check_signup(None, refusal, protected=True, signup="closed")
    with pytest.raises(Unauthorized):
        service.check_signup(None, refusal, protected=False, signup="open")
    with pytest.raises(Forbidden):
        service.check_signup(tenant_admin, None, protected=True, signup="closed")
    with pytest.raises(Forbidden):
        service.check_signup(pinned, None, protected=True, signup="closed")
