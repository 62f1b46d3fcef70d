"""One transaction per request; what changed is counted in it and told after it."""

from __future__ import annotations

from typing import Any

from headgate.kernel.errors import Conflict
from headgate.rim.context import Writing
from headgate.rim.router import Router
from headgate.store import versions
from headgate.testing.house import House


def changing() -> list[Router]:
    router = Router("changing")

    @router.post("/api/change", right="things:write")
    async def change(ctx: Writing, fail: bool = False) -> Any:
        ctx.changed("keys")
        ctx.changed("keys")
        ctx.changed("policies", tenant="ten_other")
        if fail:
            raise Conflict("no")
        return {}

    return [router]


async def version(house: House, part: str, tenant: str) -> int:
    async with house.services.database.reading() as db:
        return await versions.version_of(db, part, tenant)


async def test_a_change_is_counted_once_and_told_after_the_commit(house: House) -> None:
    assert (await house.client(changing()).post("/api/change")).status_code == 200
    assert (await version(house, "keys", "ten_default"), await version(house, "policies", "ten_other")) == (
        1,
        1,
    )
    assert house.notices.told == [("keys", "ten_default"), ("policies", "ten_other")]


async def test_a_request_that_fails_changes_and_tells_nothing(house: House) -> None:
    assert (await house.client(changing()).post("/api/change?fail=true")).status_code == 409
    assert await version(house, "keys", "ten_default") == 0 and house.notices.told == []
