"""Reconciling, the price book and counting anew, in a running gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.gateway.conftest import Running, running
from tests.gateway.http import Answer, chat

__all__ = ["running"]

TODAY = datetime.now(UTC).strftime("%Y-%m-%d")


async def post(gateway: Running, path: str, body: Any, **headers: str) -> Answer:
    return await gateway.ask(body, path=path, headers=headers)


async def call(gateway: Running, model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    answer = await gateway.ask(chat("a question", max_tokens=9, model=model, **more))
    assert answer.status == 200, answer.body
    return await gateway.run(answer.run_id)


def export(run: dict[str, Any], **changes: Any) -> dict[str, Any]:
    usage = {
        "model": "mock-model-2024-08-06", "input_tokens": run["promptTokens"], "output_tokens": run["completionTokens"],
        "num_model_requests": 1, "input_cached_tokens": 0,
    }  # fmt: skip
    start = int(datetime.fromisoformat(TODAY).replace(tzinfo=UTC).timestamp())
    return {"object": "page", "data": [{"start_time": start, "results": [usage | changes]}]}


async def test_an_export_is_read_in_both_forms_and_held_against_the_record(running: Running) -> None:
    run = await call(running)
    answer = await post(running, "/api/v1/spend/reconcile", export(run))
    assert answer.status == 200, answer.body
    report = answer.json
    assert (report["provider"], report["since"], report["until"]) == ("openai", TODAY, TODAY)
    assert report["rows"][0]["result"] == "only_provider", "the mock is no OpenAI: nothing of it went there"
    lines = (
        f"start_time_iso,model,input_tokens,output_tokens,num_model_requests\n{TODAY}T00:00:00Z,gpt-x,5,6,1\n"
    )
    csv = await post(
        running, "/api/v1/spend/reconcile?provider=openai", lines.encode(), **{"content-type": "text/csv"}
    )
    assert csv.json["rows"][0]["provider"]["input_tokens"] == 5


@pytest.mark.parametrize("body", [b"", b"nothing,to,see\n1,2,3\n", b"{}"])
async def test_what_is_no_export_is_refused(running: Running, body: bytes) -> None:
    answer = await post(running, "/api/v1/spend/reconcile", body)
    assert (answer.status, answer.json["status"]) == (400, 400)


async def test_a_price_counts_from_the_next_call_on_and_is_taken_back(running: Running) -> None:
    before = await call(running)
    made = await post(
        running, "/api/v1/spend/prices", {"model": "gpt-4o-mini", "price": {"input": 0, "output": 1_000_000}}
    )
    assert made.status == 201, made.body
    run = await call(running)
    assert run["costUsd"] == run["completionTokens"]
    listed = (await running.get("/api/v1/spend/prices")).json
    assert (listed["total"], listed["prices"][0]["id"]) == (1, made.json["id"])
    gone = await running.ask(b"", path=f"/api/v1/spend/prices/{made.json['id']}", method="DELETE")
    assert gone.json == {"status": "withdrawn"}
    assert (await call(running))["costUsd"] == before["costUsd"]
    assert (await running.get("/api/v1/spend/prices")).json["prices"][0]["withdrawnAt"]


async def test_a_price_that_is_none_is_named(running: Running) -> None:
    answer = await post(running, "/api/v1/spend/prices", {"model": "m", "price": {"input": 1}})
    assert (answer.status, answer.json["param"]) == (400, "price")


async def test_runs_are_counted_anew_by_a_price_that_came_later(running: Running) -> None:
    run = await call(running, "nobody-knows-this")
    assert run["costUsd"] is None
    assert (await running.get("/api/spend")).json["total"] == {"today": 0, "month": 0, "unpriced": 1}
    price = {
        "model": "nobody-knows-this",
        "price": {"input": 2, "output": 3},
        "effectiveAt": "2020-01-01T00:00:00Z",
    }
    await post(running, "/api/v1/spend/prices", price)
    body = {"since": f"{TODAY}T00:00:00Z"}
    dry = (await post(running, "/api/v1/spend/reprice", body | {"dryRun": True})).json
    done = (await post(running, "/api/v1/spend/reprice", body)).json
    cost = (run["promptTokens"] * 2 + run["completionTokens"] * 3) / 10**6
    assert (dry["changed"], dry["afterUsd"]) == (done["changed"], done["afterUsd"]) == (1, cost)
    spend = (await running.get("/api/spend")).json
    assert spend["total"] == {"today": cost, "month": cost, "unpriced": 0}
    assert (await running.get("/api/v1/savings")).json["totalCostUsd"] == cost
    assert (await post(running, "/api/v1/spend/reprice", body)).json["changed"] == 0, "once"
    assert (await running.get(f"/api/v1/runs/{run['id']}/integrity")).json["ok"], (
        "the run stays as it was recorded"
    )


async def test_a_corrected_price_is_what_caps_count(running: Running) -> None:
    run = await call(running)
    await running.ask({"scope": "tenant", "daily_cap": 1}, path="/api/spend/caps", method="PUT")
    assert (await call(running))["costUsd"] == run["costUsd"]
    dear = {
        "model": "gpt-4o-mini",
        "price": {"input": 0, "output": 1_000_000},
        "effectiveAt": "2020-01-01T00:00:00Z",
    }
    await post(running, "/api/v1/spend/prices", dear)
    await post(running, "/api/v1/spend/reprice", {"since": f"{TODAY}T00:00:00Z"})
    assert (await running.ask(chat("a question", max_tokens=9))).status == 429
