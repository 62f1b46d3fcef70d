"""Projects over HTTP: a tenant and its first key in one call."""

from __future__ import annotations

import pytest

from headgate.identity.accounts.routes import router
from headgate.testing.house import House


async def test_a_new_project_comes_with_a_production_key_that_may_do_everything_in_it(house: House) -> None:
    made = await house.client([router]).post("/api/v1/projects", json={"name": "  My AI App "})
    assert made.status_code == 201
    data = made.json()["data"]
    assert data["project"]["name"] == "My AI App" and data["apiKey"].startswith("po_live_")
    mine = (await house.client([router], key=data["apiKey"]).get("/api/v1/projects/me")).json()["data"]
    assert mine["id"] == data["project"]["id"] and mine["environment"] == "production"
    assert house.door.index.hashes[mine["id"]]


async def test_in_open_mode_it_is_the_default_tenant(house: House) -> None:
    mine = (await house.client([router]).get("/api/v1/projects/me")).json()["data"]
    assert (mine["id"], mine["environment"]) == ("ten_default", None)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, 5, None])
async def test_a_project_needs_a_name(house: House, name: object) -> None:
    refused = await house.client([router]).post("/api/v1/projects", json={"name": name})
    assert refused.status_code == 400 and refused.json()["param"] == "name"
