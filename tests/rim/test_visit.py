"""What the gatekeeper reads of a request."""

from __future__ import annotations

from headgate.testing.house import House
from tests.rim.things import rooms


async def test_a_header_that_must_be_said_once_is_not_taken_twice(house: House) -> None:
    client = house.client(rooms())
    answer = await client.get(
        "/api/v1/things",
        headers=[("host", "localhost"), ("authorization", "Bearer a"), ("authorization", "Bearer b")],
    )
    assert answer.status_code == 400 and answer.json()["param"] == "authorization"


async def test_a_request_id_of_the_client_is_kept_when_it_is_harmless(house: House) -> None:
    client = house.client(rooms())
    assert (await client.get("/free", headers={"x-request-id": "abc-123"})).headers[
        "x-request-id"
    ] == "abc-123"
    assert (
        (await client.get("/free", headers={"x-request-id": "a b\tc"}))
        .headers["x-request-id"]
        .startswith("req_")
    )
