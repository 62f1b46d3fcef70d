"""The management limit: how much is left, and when to come back."""

from __future__ import annotations

import pytest

from headgate.config import Settings
from headgate.kernel.secret import Secret
from headgate.rim.api import management_rpm
from headgate.testing.house import House
from tests.rim.things import key_of, rooms


async def test_the_management_limit_tells_how_much_is_left_and_when_to_come_back(house: House) -> None:
    await house.configure(rate_limit_rpm=3)
    client = house.client(rooms())
    left = [(await client.get("/api/v1/things")).headers["x-ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = await client.get("/api/v1/things")
    assert (
        refused.status_code == 429
        and refused.headers["retry-after"] == "20"
        and refused.headers["x-ratelimit-limit"] == "3"
    )
    assert (await client.get("/free")).status_code == 200
    house.clock.advance(20)
    assert (await client.get("/api/v1/things")).status_code == 200


@pytest.mark.parametrize(
    ("protected", "asked", "limit"), [(False, None, 0), (True, None, 300), (True, 0, 0), (False, 7, 7)]
)
async def test_the_limit_is_on_in_protected_mode_unless_set(
    protected: bool, asked: int | None, limit: int
) -> None:
    settings = Settings(api_key=Secret("k" if protected else ""), rate_limit_rpm=asked)
    assert management_rpm(settings) == limit


async def test_each_key_has_a_bucket_of_its_own(house: House) -> None:
    await house.configure(rate_limit_rpm=1)
    for _ in range(2):
        client = house.client(rooms(), key=await key_of(house))
        assert [(await client.get("/api/v1/things")).status_code for _ in range(2)] == [403, 429]
