"""Routes: paging, and what they declare."""

from __future__ import annotations

from headgate.rim.router import json_reply
from headgate.testing.house import House
from tests.rim.things import rooms


async def test_bad_paging_is_a_400_that_names_the_field(house: House) -> None:
    for query in ("limit=0", "limit=501", "limit=x"):
        answer = await house.client(rooms()).get(f"/api/v1/things?{query}")
        assert answer.status_code == 400 and answer.json()["param"] == "limit"


async def test_the_list_is_encoded_as_it_is() -> None:
    assert json_reply({"a": [1, None]}, 202).body == b'{"a":[1,null]}'
