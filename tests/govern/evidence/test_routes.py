"""A key that is pinned to an app sees nothing of the whole tenant's evidence; another tenant sees nothing at all."""

from __future__ import annotations

from headgate.govern.evidence.routes import router
from headgate.identity.accounts.routes import router as accounts_router
from headgate.identity.keys.routes import router as keys_router
from headgate.testing.frames import closed
from headgate.testing.house import House

RUN = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"
LISTS = ("/api/trust/evidence", "/api/trust/feedback", "/api/trust/replays", "/api/trust/status")


async def test_a_pinned_key_is_refused(house: House) -> None:
    made = await house.client([keys_router]).post("/api/v1/keys", json={"name": "x", "appId": "shop"})
    pinned = house.client([router], key=made.json()["token"])
    for path in LISTS:
        assert (await pinned.get(path)).status_code == 403, path


async def test_another_tenant_finds_nothing(house: House) -> None:
    house.recorder.write(closed(RUN))
    owner = house.client((router, accounts_router))
    pack = (await owner.post("/api/trust/evidence", json={"name": "x", "date_from": "2020-01-01"})).json()
    made = await owner.post("/api/v1/projects", json={"name": "Other"})
    stranger = house.client([router], key=made.json()["data"]["apiKey"])

    for path in (
        f"/api/v1/runs/{RUN}/evidence-packet",
        f"/api/v1/runs/{RUN}/replay-bundle",
        f"/api/trust/evidence/{pack['id']}",
    ):
        assert (await owner.get(path)).status_code == 200, path
        assert (await stranger.get(path)).status_code == 404, path
    assert (await stranger.post("/api/trust/replays", json={"original_request_id": RUN})).status_code == 404
    for path, name in zip(LISTS, ("packs", "feedback", "replays"), strict=False):
        assert (await stranger.get(path)).json()[name] == []
