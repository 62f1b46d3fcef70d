"""The edge of the API: who gets in, from where, how much, and in which envelope the refusals come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Request
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError

from headgate.kernel.errors import Conflict
from headgate.rim.bodies import MAX_NESTING, too_deep
from headgate.rim.router import PUBLIC, PageQuery, Router
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio
BOOT = "boot-token"


class Thing(BaseModel):
    name: str
    count: int = 0


def rooms() -> list[Router]:
    router = Router("things")

    @router.post("/api/v1/things", right="things:write")
    async def make(body: Thing) -> Any:
        return {"name": body.name, "count": body.count}

    @router.get("/api/v1/things", right="things:read")
    async def find(page: PageQuery) -> Any:
        return {"limit": page.limit}

    @router.get("/api/things/{id}", right="things:read")
    async def one(id: str) -> Any:
        return {"id": id}

    @router.get("/api/things/special", right="things:read")
    async def special() -> Any:
        return {"special": True}

    @router.get("/v1/broken", right="things:read")
    async def broken() -> Any:
        raise RuntimeError("the inside of the house")

    @router.get("/api/conflict", right="things:read")
    async def conflict() -> Any:
        raise Conflict("It is there already.", other="x")

    @router.get("/api/offline", right="things:read")
    async def offline() -> Any:
        raise OperationalError("SELECT secret", {}, Exception("host db.internal unreachable"))

    @router.post("/api/echo", right="things:write")
    async def echo(request: Request) -> Any:
        return {
            "size": len(await request.body()),
            "scheme": request.url.scheme,
            "client": request.client.host if request.client else "",
        }

    @router.get("/free", right=PUBLIC)
    async def free() -> Any:
        return {"free": True}

    return [router]


async def protect(house: House) -> None:
    await house.configure(api_key=BOOT)


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


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1:4100", "[::1]:4100", "app.localhost", "127.8.9.1", "[::ffff:127.0.0.1]:1"],
)
async def test_loopback_hosts_are_ours_in_open_mode(house: House, host: str) -> None:
    assert (await house.client(rooms(), headers={"host": host}).get("/api/v1/things")).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "192.168.1.5:4100",
        "[2001:db8::1]",
        "127.0.0.1.evil.example",
        "",
    ],
)
async def test_other_hosts_are_refused_in_open_mode_until_they_are_listed(house: House, host: str) -> None:
    client = house.client(rooms(), headers={"host": host})
    assert (await client.get("/api/v1/things")).status_code == 403
    await house.configure(
        hosts=(host.rpartition(":")[0] if host.endswith(":4100") else host, "other.example")
    )
    assert (await client.get("/api/v1/things")).status_code == (200 if host else 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_pages_of_other_sites_are_refused_in_open_mode(house: House, headers: dict[str, str]) -> None:
    client = house.client(rooms(), headers=headers)
    assert (await client.post("/api/v1/things", json={"name": "x"})).status_code == 403
    assert (
        await house.client(rooms(), headers={"origin": "http://localhost:4100"}).get("/api/v1/things")
    ).status_code == 200


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


async def test_bad_paging_is_a_400_that_names_the_field(house: House) -> None:
    for query in ("limit=0", "limit=501", "limit=x"):
        answer = await house.client(rooms()).get(f"/api/v1/things?{query}")
        assert answer.status_code == 400 and answer.json()["param"] == "limit"


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


async def test_literal_words_win_over_parameters(house: House) -> None:
    client = house.client(rooms())
    assert (await client.get("/api/things/special")).json() == {"special": True}
    assert (await client.get("/api/things/other")).json() == {"id": "other"}


async def test_head_is_a_get_without_its_body_and_options_tells_the_methods(house: House) -> None:
    client = house.client(rooms())
    head = await client.head("/api/v1/things")
    assert head.status_code == 200 and head.content == b"" and int(head.headers["content-length"]) > 0
    options = await client.options("/api/v1/things")
    assert options.status_code == 204 and options.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await client.options("/nowhere")).status_code == 404


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


async def test_forwarded_headers_count_from_trusted_proxies_only(house: House) -> None:
    told = {
        "x-forwarded-for": "6.6.6.6, 203.0.113.9",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "localhost",
    }
    plain = (await house.client(rooms(), headers=told).post("/api/echo", content=b"1")).json()
    assert plain == {"size": 1, "scheme": "http", "client": "127.0.0.1"}
    await house.configure(trusted_proxies=("127.0.0.0/8",))
    trusted = (
        await house.client(rooms(), headers={**told, "host": "gate.internal"}).post("/api/echo", content=b"1")
    ).json()
    assert trusted == {"size": 1, "scheme": "https", "client": "203.0.113.9"}


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
