"""Bodies are JSON, whatever they are called, and bounded in size and nesting."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headgate.rim.bodies import MAX_NESTING, too_deep
from headgate.testing.house import House
from tests.rim.things import rooms


async def test_a_body_is_json_under_any_content_type(house: House) -> None:
    client = house.client(rooms())
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "application/octet-stream", ""):
        answer = await client.post(
            "/api/v1/things", content=b'{"name": "x", "count": 2}', headers={"content-type": content_type}
        )
        assert answer.json() == {"name": "x", "count": 2}, content_type


@pytest.mark.parametrize(
    ("body", "field"),
    [(b'{"count": 1}', "name"), (b'{"name": 1}', "name"), (b'{"name": "x", "count": "many"}', "count"), (b"{", "body"),
     (b"[]", "body"), (b'{"name": "a\\u0000b"}', "body"), (b'{"name": "x", "count": NaN}', "body"), (b"\xff\xfe", "body"),
     (b'{"name":"\\ud800"}', "body"),
     (b'{"name": "x", "other": 18446744073709551616}', "body"), (b'{"name": "x", "other": 1e999}', "body"),
     (b'{"name": "x", "other": -' + b"9" * 5000 + b"}", "body")],
)  # fmt: skip
async def test_a_bad_body_is_a_400_that_names_the_field(house: House, body: bytes, field: str) -> None:
    answer = await house.client(rooms()).post("/api/v1/things", content=body)
    assert answer.status_code == 400, answer.text
    assert answer.json().get("param") in (field, None) and answer.json()["code"] == "punk_invalid_request"


async def test_bodies_are_bounded_in_size_and_nesting(house: House) -> None:
    await house.configure(max_body_bytes=1000)
    client = house.client(rooms())
    assert (await client.post("/api/echo", content=b'"' + b"x" * 998 + b'"')).status_code == 200
    assert (await client.post("/api/echo", content=b"x" * 1001)).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    assert (await client.post("/api/echo", content=pieces())).status_code == 413
    assert (await client.post("/api/echo", content=b"[" * 300 + b"]" * 300)).status_code == 400


async def test_nesting_is_counted_outside_strings_only() -> None:
    assert not too_deep(b'{"a": "' + b"[" * 500 + b'"}')
    assert not too_deep(b"[" * MAX_NESTING + b"]" * MAX_NESTING)
    assert too_deep(b"[" * (MAX_NESTING + 1) + b"]" * (MAX_NESTING + 1))
    assert not too_deep(b"[" + b",".join([b'{"a": [1, {}]}'] * 500) + b"]")
    assert too_deep(b"[" * 5000)
