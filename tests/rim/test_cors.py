"""Pages of listed origins may read our answers; nobody else's."""

from __future__ import annotations

from headgate.testing.house import House
from tests.rim.things import BOOT, protect, rooms


async def test_a_listed_origin_gets_cors_headers_and_must_send_json(house: House) -> None:
    await house.configure(cors_origins=("https://app.example",))
    client = house.client(rooms(), headers={"origin": "https://app.example"})
    answer = await client.post("/api/v1/things", json={"name": "x"})
    assert (
        answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "https://app.example"
    )
    assert "x-punk-run-id" in answer.headers["access-control-expose-headers"]
    form = await client.post(
        "/api/v1/things", content='{"name": "x"}', headers={"content-type": "text/plain"}
    )
    assert form.status_code == 400 and form.json()["param"] == "content-type"
    preflight = await client.options(
        "/api/v1/things",
        headers={"access-control-request-method": "POST", "access-control-request-headers": "x-punk-app"},
    )
    assert preflight.status_code == 204 and preflight.headers["access-control-allow-headers"] == "x-punk-app"
    assert "POST" in preflight.headers["access-control-allow-methods"]


async def test_an_origin_that_is_not_listed_reads_nothing(house: House) -> None:
    await protect(house)
    client = house.client(rooms(), key=BOOT, headers={"origin": "https://evil.example"})
    answer = await client.get("/api/v1/things")
    assert answer.status_code == 200 and "access-control-allow-origin" not in answer.headers
