"""`POST /v1/explain` says what would happen, and does none of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.testing.faults import Asked, script_for
from tests.gateway.conftest import Running, serving
from tests.gateway.failing import pair
from tests.gateway.http import chat


async def explain(gateway: Running, body: Any, query: str = "", **headers: str) -> Any:
    answer = await gateway.ask(body, path=f"/v1/explain{query}", headers=headers)
    assert answer.status == 200, answer.body
    return answer.json


async def test_it_names_who_would_be_asked_in_order_and_asks_nobody(tmp_path: Path) -> None:
    async with pair(tmp_path / "data", {"max_retries": 2}) as both:
        told = await explain(both.running, chat(model="any", max_tokens=100))

        assert told["verdict"] == "live"
        assert [(each["provider"], each["model"]) for each in told["candidates"]] == [
            ("first", "gpt-4o"), ("second", "gpt-4o-mini"),
        ]  # fmt: skip
        assert (told["retries"], told["model"], told["wire"]) == (2, "any", "openai.chat")
        assert {
            "name": "failover",
            "phase": "shape",
            "verdict": "changes the call",
            "model": "any",
            "bodyChanged": False,
        } in (told["modules"])
        assert not both.first.seen
        assert not both.second.seen
        assert await both.running.runs() == []


async def test_it_says_why_a_provider_is_left_out(tmp_path: Path) -> None:
    circuit = {"circuit_breaker": {"min_samples": 1, "open_s": 60}}
    async with pair(tmp_path / "data", circuit) as both:
        broken = script_for("500", Asked())
        assert broken is not None
        both.first.queue(broken)
        await both.running.ask(chat(model="any"))

        told = await explain(both.running, chat(model="any"))

        assert [each["provider"] for each in told["candidates"]] == ["second"]
        (dropped,) = told["dropped"]
        assert (dropped["provider"], dropped["reason"]) == ("first", "circuit open")


async def test_it_uses_up_no_limit(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", modules={"rateshield": {"rpm": 2}}) as gateway:
        for _ in range(5):
            assert (await explain(gateway, chat()))["verdict"] == "live"
        assert [(await gateway.ask(chat())).status for _ in range(3)] == [200, 200, 429]

        told = await explain(gateway, chat())

        assert (told["verdict"], told["refusal"]["by"], told["refusal"]["status"]) == (
            "refused",
            "rateshield",
            429,
        )


async def test_it_knows_what_is_in_the_cache_and_counts_no_look_up(running: Running) -> None:
    assert (await explain(running, chat(temperature=0)))["cache"] == {"state": "miss"}
    await running.ask(chat(temperature=0))

    told = await explain(running, chat(temperature=0))

    assert (told["verdict"], told["cache"], told["estimatedCostUsd"]) == ("cache", {"state": "hit"}, 0)
    stats = (await running.get("/api/v1/cache/stats")).json
    assert (await explain(running, chat(temperature=0)))["verdict"] == "cache"
    assert (await running.get("/api/v1/cache/stats")).json == stats
    assert (await explain(running, chat(temperature=1)))["cache"] == {"state": "not cacheable"}


async def test_it_estimates_the_cost(running: Running) -> None:
    await running.ask(chat())  # so that the prices are there

    told = await explain(running, chat(max_tokens=100))

    assert 0 < told["estimatedCostUsd"] <= told["maxCostUsd"]


@pytest.mark.parametrize(("body", "query", "headers", "wire"), [
    ({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}, "", {"anthropic-version": "2023-06-01"},
     "anthropic.messages"),
    ({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}, "?endpoint=/v1/messages", {},
     "anthropic.messages"),
    ({"model": "m", "input": "x"}, "", {}, "openai.responses"),
    ({"model": "m", "prompt": "x"}, "", {}, "openai.completions"),
    ({"model": "m", "input": "x"}, "?endpoint=/v1/embeddings", {}, "openai.embeddings"),
])  # fmt: skip
async def test_any_endpoint_can_be_explained(
    running: Running, body: Any, query: str, headers: dict[str, str], wire: str
) -> None:
    assert (await explain(running, body, query, **headers))["wire"] == wire


async def test_what_would_be_no_call_is_the_same_error(running: Running) -> None:
    answer = await running.ask({"messages": []}, path="/v1/explain")

    assert (answer.status, answer.json["error"]["param"]) == (400, "model")
    assert (await running.ask(chat(), path="/v1/explain?endpoint=/v1/nothing")).status == 400
