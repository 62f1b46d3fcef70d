"""Providers in a whole gateway: those of the settings, those added while it runs, and what is counted of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.config import Settings
from headgate.providing import reach_of
from headgate.testing.fault_server import FaultServer
from tests.gateway.conftest import Running, serving
from tests.gateway.http import Answer, chat

PROVIDERS = "/api/proxy/providers"


@pytest.mark.parametrize(("settings", "private"), [
    ({}, True), ({"api_key": "k"}, False), ({"api_key": "k", "allow_private_providers": True}, True),
    ({"allow_private_providers": False}, False),
])  # fmt: skip
def test_private_addresses_are_for_the_operator_to_allow(settings: dict[str, Any], private: bool) -> None:
    assert reach_of(Settings(**settings)).private is private


async def add(running: Running, url: str, **more: Any) -> Answer:
    return await running.ask({"name": "mine", "base_url": url, "api_key": "sk-mine", **more}, path=PROVIDERS)


async def shown(running: Running, name: str) -> dict[str, Any]:
    rows = (await running.get(PROVIDERS)).json["providers"]
    return next(each for each in rows if each["name"] == name)


async def test_an_added_provider_answers_the_next_call_and_is_counted(tmp_path: Path) -> None:
    async with FaultServer() as main, FaultServer() as own, serving(
        tmp_path / "data", openai_base_url=main.url, openai_api_key="sk-server"
    ) as running:  # fmt: skip
        assert (await add(running, f"{own.url}/v1", models=["mine-*"])).status == 201
        for model in ("mine/gpt-4o-mini", "mine-7b"):
            got = await running.ask(chat(model=model))
            assert (got.status, got.headers["x-headgate-provider"]) == (200, "mine")
        assert [one.headers["authorization"] for one in own.seen] == ["Bearer sk-mine"] * 2
        assert main.seen == []
        bad = await running.ask(chat(model="mine/fault-500"))
        assert bad.status == 502
        row = await shown(running, "mine")
        assert (row["request_count"], row["error_count"]) == (3, 1)
        assert row["status"] == "degraded"
        assert row["latency_ms"] > 0
        passed = await running.ask({"model": "x"}, path="/v1/passthrough/mine/v1/things")
        assert (passed.status, own.seen[-1].path) == (200, "/v1/things")
        await running.ask(b"", path=f"{PROVIDERS}/mine", method="DELETE")
        gone = await running.ask(chat(model="mine/gpt-4o-mini"))
        assert gone.headers.get("x-headgate-provider") != "mine"


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with FaultServer() as own:
        async with serving(tmp_path / "data") as running:
            await add(running, own.url)
        async with serving(tmp_path / "data") as running:
            got = await running.ask(chat(model="mine/gpt-4o-mini"))
            assert (got.status, got.headers["x-headgate-provider"]) == (200, "mine")


async def test_a_metadata_address_is_never_connected_to(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as running:
        refused = await add(running, "http://169.254.169.254/v1")
        assert (refused.status, refused.json["error"]["code"]) == (400, "address_refused")


async def test_x_provider_and_unknown_names(tmp_path: Path) -> None:
    async with FaultServer() as main, FaultServer() as groq, serving(
        tmp_path / "data", openai_base_url=main.url, openai_api_key="k",
        provider_env={"GROQ_API_KEY": "gk-1,gk-2", "GROQ_BASE_URL": groq.url},
    ) as running:  # fmt: skip
        got = await running.ask(chat(), headers={"x-provider": "groq"})
        assert got.headers["x-headgate-provider"] == "groq"
        assert groq.seen[0].headers["authorization"] in ("Bearer gk-1", "Bearer gk-2")
        unknown = await running.ask(chat(), headers={"x-provider": "nobody"})
        assert (unknown.status, unknown.json["error"]["configured"]) == (400, ["groq", "openai"])
