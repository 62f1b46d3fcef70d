"""Who gets in, with which credential, and what HEAD and OPTIONS do."""

from __future__ import annotations

import pytest

from headgate.testing.house import House
from tests.rim.things import BOOT, protect, rooms


async def test_nobody_is_refused_in_protected_mode_but_where_it_is_public(house: House) -> None:
    await protect(house)
    client = house.client(rooms())
    refused = await client.get("/api/v1/things")
    assert refused.status_code == 401 and refused.headers["www-authenticate"] == 'Bearer realm="headgate"'
    assert refused.json()["code"] == "punk_unauthorized"
    assert (await client.get("/free")).status_code == 200


@pytest.mark.parametrize("header", ["authorization", "x-admin-key", "x-api-key", "api-key", "x-goog-api-key"])
async def test_every_credential_header_counts_the_same(house: House, header: str) -> None:
    await protect(house)
    value = f"Bearer {BOOT}" if header == "authorization" else BOOT
    assert (await house.client(rooms(), headers={header: value}).get("/api/v1/things")).status_code == 200


async def test_a_key_in_the_query_counts_on_v1beta_only(house: House) -> None:
    await protect(house)
    assert (await house.client(rooms()).get(f"/api/v1/things?key={BOOT}")).status_code == 401
    assert (await house.client(rooms()).get(f"/v1beta/none?key={BOOT}")).status_code == 404


async def test_head_is_a_get_without_its_body_and_options_tells_the_methods(house: House) -> None:
    client = house.client(rooms())
    head = await client.head("/api/v1/things")
    assert head.status_code == 200 and head.content == b"" and int(head.headers["content-length"]) > 0
    options = await client.options("/api/v1/things")
    assert options.status_code == 204 and options.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await client.options("/nowhere")).status_code == 404
