"""Caps as people set them: checked, in the ledger with what was before, rows before settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from headgate.call.caller import open_caller
from headgate.kernel.errors import BadRequest
from headgate.record.spend import capping
from headgate.record.spend.capping import Amounts, BadCap
from headgate.record.spend.caps import Cap
from headgate.testing.house import House

T = "ten_default"
ME = open_caller()


async def put(house: House, scope: str, name: str, daily: str, **more: Any) -> None:
    async with house.services.database.writing() as db:
        cap = capping.make(T, scope, name, Amounts(Decimal(daily), **more))
        await capping.put(db, ME, cap, house.services.ids, house.clock)


async def effective(house: House, *settings: Cap) -> list[Cap]:
    async with house.services.database.reading() as db:
        return (await capping.effective(db, settings, T))[T]


async def test_a_row_takes_the_place_of_the_settings_and_goes_again(house: House) -> None:
    given = Cap(T, "project", "web", 5 * 10**12, thresholds=(90,))
    await put(house, "project", "web", "7.000000000001", soft=True)
    assert await effective(house, given) == [Cap(T, "project", "web", 7 * 10**12 + 1, 0, True, (90,))]
    async with house.services.database.writing() as db:
        assert await capping.drop(db, ME, ("project", "web"), house.services.ids, house.clock)
        assert not await capping.drop(db, ME, ("project", "web"), house.services.ids, house.clock)
    assert await effective(house, given) == [given]


async def test_ten_millions_a_month_are_kept_exactly(house: House) -> None:
    await put(house, "tenant", "ignored", "0", monthly_usd=Decimal(10_000_000))
    (cap,) = await effective(house)
    assert (cap.name, cap.monthly_pico) == ("", 10**19)


@pytest.mark.parametrize(
    ("scope", "name", "daily", "field"),
    [("planet", "x", "1", "scope"), ("user", "", "1", "name"), ("user", "x" * 251, "1", "name"), ("user", "a\n", "1", "name"),
     ("tag", "team", "1", "name"), ("user", "a", "-1", "daily_cap"), ("user", "a", "1000001", "daily_cap"),
     ("user", "a", "nan", "daily_cap")],
)  # fmt: skip
def test_what_is_no_cap_is_refused_by_its_field(scope: str, name: str, daily: str, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        capping.make(T, scope, name, Amounts(Decimal(daily)))
    assert refused.value.param == field


def test_caps_of_the_settings() -> None:
    projects = {"web": {"caps": {"daily": 5, "monthly": "10.5"}, "alerts": {"thresholds": [90, 20]}}}
    caps = {"user:alice": {"daily": 1}, "session:*": {"daily": 2, "soft": True}, "tenant:": {"monthly": 9}}
    assert capping.from_settings(projects, caps) == [
        Cap(T, "project", "web", 5 * 10**12, 10_500_000_000_000, False, (20, 90)), Cap(T, "user", "alice", 10**12),
        Cap(T, "session", "*", 2 * 10**12, 0, True), Cap(T, "tenant", "", 0, 9 * 10**12),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("projects", "caps"),
    [({"web": 5}, {}), ({"web": {"caps": {"weekly": 1}}}, {}), ({"web": {"provider": "x"}}, {}), ({}, {"planet:x": {"daily": 1}}),
     ({}, {"user:a": {"daily": "much"}}), ({"web": {"alerts": {"thresholds": [101]}}}, {})],
)  # fmt: skip
def test_settings_that_are_no_caps_are_named(projects: dict[str, Any], caps: dict[str, Any]) -> None:
    with pytest.raises(BadCap, match=r"projects\.web|caps\."):
        capping.from_settings(projects, caps)
