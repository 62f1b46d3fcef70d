"""Where a request comes from: hosts, origins, proxies."""

from __future__ import annotations

import pytest

from headgate.rim.origins import Proxies, host_name
from headgate.testing.house import House
from tests.rim.things import rooms


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


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"LOCALHOST:4100", b"localhost"),
        (b"[::1]:80", b"[::1]"),
        (b"a.example.", b"a.example"),
        (b"[::1", b""),
        (b"", b""),
    ],
)
async def test_a_host_name_is_read_without_its_port(host: bytes, name: bytes) -> None:
    assert host_name(host) == name


async def test_the_client_is_the_last_hop_that_is_no_proxy() -> None:
    proxies = Proxies.parse(["10.0.0.0/8", "unix"])
    told = {b"x-forwarded-for": b"1.1.1.1, 2.2.2.2, 10.0.0.9"}
    assert proxies.client(told, "10.0.0.1") == "2.2.2.2"
    assert proxies.client(told, "") == "2.2.2.2"
    assert proxies.client(told, "9.9.9.9") == "9.9.9.9"
    with pytest.raises(ValueError):
        Proxies.parse(["not-an-address"])
