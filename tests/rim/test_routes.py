"""The list of routes: order, and rights that must be there."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.rim.router import Router
from headgate.rim.routes import RightMissing, enumerate_routes
from headgate.testing.house import House
from tests.rim.things import rooms


async def test_literal_words_win_over_parameters(house: House) -> None:
    client = house.client(rooms())
    assert (await client.get("/api/things/special")).json() == {"special": True}
    assert (await client.get("/api/things/other")).json() == {"id": "other"}


async def test_a_route_without_a_right_stops_the_start(house: House) -> None:
    router = Router("bad")
    router.api.add_api_route("/api/bad", lambda: None, methods=["GET"])
    with pytest.raises(RightMissing, match="/api/bad"):
        house.app([router])


async def test_the_list_names_method_path_right_and_alias(house: House) -> None:
    router = Router("pair")

    @router.get("/api/one", right="things:read", aliases=("/api/two",))
    async def pair() -> Any:
        return {}

    facts = [
        (fact.method, fact.path, fact.right, fact.alias_of) for fact in enumerate_routes(house.app([router]))
    ]
    assert facts == [("GET", "/api/one", "things:read", None), ("GET", "/api/two", "things:read", "/api/one")]
