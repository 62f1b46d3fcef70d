"""The plane: parts are swapped whole, and a part that can't be built leaves the old one serving."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from headgate.gateway.chain import Chain
from headgate.gateway.plane import Plane, PlaneKeeper
from tests.gateway.conftest import Running


async def test_a_tenant_has_its_own_chain_or_that_of_everybody(running: Running) -> None:
    own, plane = Chain(), running.house.keeper.plane

    assert replace(plane, chains={"ten_a": own}).chain("ten_a") is own
    assert replace(plane, chains={"ten_a": own}).chain("ten_b") is plane.default_chain
    assert plane.chain("ten_a") is plane.default_chain


async def test_a_rebuilt_part_is_swapped_in_and_who_holds_the_old_plane_keeps_it(running: Running) -> None:
    async def build(plane: Plane, tenant: str) -> dict[str, Any]:
        return {"chains": {**plane.chains, tenant: Chain()}}

    old = running.house.keeper.plane
    keeper = PlaneKeeper(old, {"rules": build})
    await keeper.rebuild("rules", "ten_a")
    await keeper.rebuild("something else", "ten_b")

    assert (keeper.plane.version, set(keeper.plane.chains), old.chains) == (old.version + 1, {"ten_a"}, {})


async def test_a_part_that_can_not_be_built_is_refused_and_counted(running: Running) -> None:
    async def build(plane: Plane, tenant: str) -> dict[str, Any]:
        raise ValueError(tenant)

    old = running.house.keeper.plane
    keeper = PlaneKeeper(old, {"rules": build})
    await keeper.rebuild("rules", "ten_a")

    assert keeper.plane is old
    assert keeper.refused == 1


async def test_two_rebuilds_at_once_lose_neither(running: Running) -> None:
    async def build(plane: Plane, tenant: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"chains": {**plane.chains, tenant: Chain()}}

    keeper = PlaneKeeper(running.house.keeper.plane, {"rules": build})
    await asyncio.gather(*(keeper.rebuild("rules", f"ten_{number}") for number in range(5)))

    assert len(keeper.plane.chains) == 5
