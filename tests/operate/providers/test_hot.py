"""Checks of providers: what each answer means, and that it is remembered."""

from __future__ import annotations

import pytest

from headgate.operate.providers.hot import ProviderDesk
from headgate.providers.building import custom_row
from headgate.providers.provider import Provider
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Script, answer
from headgate.testing.house import House

pytestmark = pytest.mark.asyncio


def desk_of(house: House) -> ProviderDesk:
    return house.services.hot["providers"]


def provider(upstream: FaultServer, family: str = "openai", key: str = "k") -> Provider:
    return custom_row("mine", {"base_url": upstream.url, "family": family, "api_key": key})


@pytest.mark.parametrize(("status", "condition", "error"), [
    ("200 OK", "active", ""), ("404 Not Found", "active", ""), ("401 Unauthorized", "degraded", "the key is not accepted"),
    ("503 Service Unavailable", "degraded", "status 503"), ("429 Too Many Requests", "active", ""),
])  # fmt: skip
async def test_what_answers_mean(house: House, status: str, condition: str, error: str) -> None:
    async with FaultServer() as upstream:
        upstream.queue(Script((answer(b"{}", status),)))
        found = await desk_of(house).check(provider(upstream))
    assert (found.condition, found.error, found.http_status) == (condition, error, int(status[:3]))
    pulse = desk_of(house).health.pulse("mine")
    assert (pulse.check, pulse.check_error) == (condition, error)


@pytest.mark.parametrize(("family", "path", "header"), [
    ("openai", "/v1/models", "authorization"), ("anthropic", "/v1/models", "x-api-key"),
    ("google", "/v1beta/models", "x-goog-api-key"),
])  # fmt: skip
async def test_each_family_is_asked_in_its_own_way(house: House, family: str, path: str, header: str) -> None:
    async with FaultServer() as upstream:
        await desk_of(house).check(provider(upstream, family))
        assert (upstream.seen[0].method, upstream.seen[0].path) == ("GET", path)
        assert "k" in upstream.seen[0].headers[header]


async def test_nobody_there_is_unreachable(house: House) -> None:
    async with FaultServer() as upstream:
        gone = provider(upstream)
    found = await desk_of(house).check(gone)
    assert (found.condition, found.http_status) == ("unreachable", None)
