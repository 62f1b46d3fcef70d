"""Everything that goes wrong comes in the envelope of its family, and says nothing of the inside."""

from __future__ import annotations

from headgate.testing.house import House
from tests.rim.things import rooms


async def test_unknown_paths_and_methods_come_in_the_envelope_of_their_family(house: House) -> None:
    client = house.client(rooms())
    assert (await client.get("/api/v1/none")).json()["code"] == "punk_not_found"
    assert (await client.get("/v1/none")).json()["error"]["type"] == "invalid_request_error"
    assert (await client.get("/none")).json()["error"]["code"] == "not_found"
    wrong = await client.delete("/api/v1/things")
    assert wrong.status_code == 405 and wrong.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert wrong.json()["code"] == "punk_method_not_allowed"


async def test_a_bug_is_a_500_with_the_request_id_and_nothing_of_the_inside(house: House) -> None:
    answer = await house.client(rooms()).get("/v1/broken")
    assert answer.status_code == 500 and "inside of the house" not in answer.text
    assert answer.json()["error"]["requestId"] == answer.headers["x-request-id"]


async def test_a_lost_database_is_a_503_that_names_no_host(house: House) -> None:
    answer = await house.client(rooms()).get("/api/offline")
    assert (
        answer.status_code == 503
        and "db.internal" not in answer.text
        and answer.headers["retry-after"] == "1"
    )


async def test_foreseen_errors_keep_their_status_and_detail(house: House) -> None:
    answer = await house.client(rooms()).get("/api/conflict")
    assert answer.status_code == 409
    assert answer.json() == {
        "error": {"code": "conflict", "message": "It is there already.", "status": 409, "other": "x"}
    }
