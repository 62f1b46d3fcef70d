"""What a tenant says of its modules holds from the next call on, here and in every other gateway, and after a restart."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.conftest import Running, serving
from tests.gateway.http import Answer, chat

pytestmark = pytest.mark.asyncio


async def put(gateway: Running, name: str, **body: Any) -> Answer:
    answer = await gateway.ask(body, path=f"/api/proxy/modules/{name}", method="PUT")
    assert answer.status == 200, answer.body
    return answer


async def chain(gateway: Running) -> list[str]:
    return [step["name"] for step in (await gateway.get("/api/proxy/chain")).json["chain"]]


async def test_a_change_holds_from_the_next_call_on(running: Running) -> None:
    await put(running, "modelalias", config={"aliases": {"fast": "gpt-4o-mini"}})
    answer = await running.ask(chat(model="fast"))
    assert answer.headers["x-headgate-model"] == "gpt-4o-mini"
    await running.ask({}, path="/api/proxy/modules/modelalias/undo")
    assert (await running.ask(chat(model="fast"))).headers["x-headgate-model"] == "fast"


async def test_the_chain_is_what_really_runs(running: Running) -> None:
    before = await chain(running)
    assert "cachelayer" in before
    await put(running, "cachelayer", enabled=False)
    assert await chain(running) == [name for name in before if name != "cachelayer"]
    steps = (await running.get("/api/proxy/chain")).json["chain"]
    phases = ["admit", "shape", "guard", "answer", "inspect"]
    places = [phases.index(step["phase"]) for step in steps]
    assert places == sorted(places) and all(step["hooks"] for step in steps)


@pytest.mark.pain(13)
async def test_what_was_set_through_the_api_outlives_a_restart(tmp_path: Path) -> None:
    """Pain 13, two sources of truth: a change made through the API is not reverted by a restart, nor by the file."""
    file = {"modules": {"modelalias": {"aliases": {"fast": "gpt-4o"}}}}
    async with serving(tmp_path / "data", **file) as gateway:
        await put(gateway, "modelalias", config={"aliases": {"fast": "gpt-4o-mini"}})
    async with serving(tmp_path / "data", **file) as gateway:
        assert (await gateway.ask(chat(model="fast"))).headers["x-headgate-model"] == "gpt-4o-mini"
        found = (await gateway.get("/api/proxy/modules/modelalias")).json
        assert (found["source"], found["in_chain"], found["version"]) == ("tenant", True, 1)


async def test_another_gateway_on_the_same_database_follows_within_a_second(tmp_path: Path) -> None:
    shared = str(tmp_path / "shared.db")
    async with serving(tmp_path / "a", db_path=shared) as one, serving(tmp_path / "b", db_path=shared) as two:
        await put(one, "modelalias", config={"aliases": {"fast": "gpt-4o-mini"}})
        began = time.monotonic()
        while (await two.ask(chat(model="fast"))).headers["x-headgate-model"] != "gpt-4o-mini":
            assert time.monotonic() - began < 5, "the version poll did not see the change"
            await asyncio.sleep(0.05)


async def test_another_tenant_keeps_its_own_chain(running: Running) -> None:
    made = await running.ask({"name": "Other"}, path="/api/v1/projects")
    key = {"authorization": f"Bearer {made.json['data']['apiKey']}"}
    await put(running, "modelalias", config={"aliases": {"fast": "gpt-4o-mini"}})
    answer = await running.ask(chat(model="fast"), headers=key)
    assert answer.headers["x-headgate-model"] == "fast"
