"""Settings over HTTP: each is read back, a wrong one is named with what would fit, and secrets never come back."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from headgate.govern.ledger.routes import router as ledger_router
from headgate.identity.settings import service
from headgate.identity.settings.routes import router
from headgate.testing.house import House

PATH = "/api/v1/settings"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router, ledger_router))


async def put(client: httpx2.AsyncClient, key: str, value: Any) -> httpx2.Response:
    return await client.put(PATH, json={"key": key, "value": value})


async def test_defaults_are_shown(client: httpx2.AsyncClient) -> None:
    assert (await client.get(PATH)).json()["settings"] == {
        "retention_days": None, "redaction": False, "webhook_url": None, "webhook_secret": None,
        "approval_exception_ttl_hours": 24, "canary_enabled": True, "memory_quarantine": {"enabled": False, "threshold": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("retention_days", 30, 30), ("redaction", True, True), ("webhook_url", "https://example.com/h", "https://example.com/h"),
        ("webhook_secret", "s3cret", "[set]"), ("webhook_secret", None, None), ("approval_exception_ttl_hours", 0.5, 0.5),
        ("canary_enabled", False, False), ("memory_quarantine", True, {"enabled": True, "threshold": 3}),
        ("memory_quarantine", {"enabled": True, "threshold": 2}, {"enabled": True, "threshold": 2}),
    ],
)  # fmt: skip
async def test_a_setting_is_read_back_and_in_the_ledger(
    house: House, client: httpx2.AsyncClient, key: str, value: Any, shown: Any
) -> None:
    answer = await put(client, key, value)
    [entry] = (await client.get("/api/trust/ledger", params={"event_type": "setting.changed"})).json()[
        "events"
    ]

    assert answer.status_code == 200, answer.text
    assert answer.json()["settings"][key] == (await client.get(PATH)).json()["settings"][key] == shown
    assert (entry["resource"], entry["detail"]["after"]) == (key, shown)
    assert ("settings", "ten_default") in house.notices.told


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("retention_days", 0), ("retention_days", True), ("redaction", "yes"), ("webhook_url", "ftp://x"), ("webhook_url", 1),
        ("webhook_secret", ""), ("approval_exception_ttl_hours", -1), ("canary_enabled", 1), ("memory_quarantine", "on"),
        ("memory_quarantine", {"threshold": 9}), ("memory_quarantine", {"level": 1}), ("colour", "red"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_named(client: httpx2.AsyncClient, key: str, value: Any) -> None:
    answer = await put(client, key, value)

    assert answer.status_code == 400
    assert key in answer.text


async def test_a_secret_is_there_for_whoever_signs_and_for_nobody_else(
    house: House, client: httpx2.AsyncClient
) -> None:
    await put(client, "webhook_secret", "s3cret-value")
    async with house.services.database.reading() as db:
        kept = await service.secret(db, "ten_default", "webhook_secret", house.settings.data_dir)
        rows = await service.queries.every(db)

    assert kept == "s3cret-value"
    assert "s3cret" not in rows[0].value
    assert "s3cret" not in (await client.get("/api/trust/ledger")).text
