"""A room that does what the tests of the edge need."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError

from headgate.call.caller import DEFAULT_TENANT
from headgate.identity.keys import service as keys
from headgate.identity.keys.service import KeyDraft, Minting
from headgate.kernel.errors import Conflict
from headgate.rim.router import PUBLIC, PageQuery, Router
from headgate.testing.house import House

BOOT = "boot-token"


class Thing(BaseModel):
    name: str
    count: int = 0


def rooms() -> list[Router]:
    router = Router("things")

    @router.post("/api/v1/things", right="things:write")
    async def make(body: Thing) -> Any:
        return {"name": body.name, "count": body.count}

    @router.get("/api/v1/things", right="things:read")
    async def find(page: PageQuery) -> Any:
        return {"limit": page.limit}

    @router.get("/api/things/{id}", right="things:read")
    async def one(id: str) -> Any:
        return {"id": id}

    @router.get("/api/things/special", right="things:read")
    async def special() -> Any:
        return {"special": True}

    @router.get("/v1/broken", right="things:read")
    async def broken() -> Any:
        raise RuntimeError("the inside of the house")

    @router.get("/api/conflict", right="things:read")
    async def conflict() -> Any:
        raise Conflict("It is there already.", other="x")

    @router.get("/api/offline", right="things:read")
    async def offline() -> Any:
        raise OperationalError("SELECT secret", {}, Exception("host db.internal unreachable"))

    @router.post("/api/echo", right="things:write")
    async def echo(request: Request) -> Any:
        return {
            "size": len(await request.body()),
            "scheme": request.url.scheme,
            "client": request.client.host if request.client else "",
        }

    @router.get("/free", right=PUBLIC)
    async def free() -> Any:
        return {"free": True}

    return [router]


async def protect(house: House) -> None:
    await house.configure(api_key=BOOT)


async def key_of(house: House) -> str:
    """The token of a new key that may do nothing here."""
    minting = Minting(house.door.rules.pepper, house.services.ids, house.clock)
    async with house.services.database.writing() as db:
        _, token = await keys.mint(db, None, KeyDraft("pk", DEFAULT_TENANT, rights=frozenset()), minting)
    await house.reload_keys(DEFAULT_TENANT)
    return token
