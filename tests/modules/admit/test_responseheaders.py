"""Clients that read `X-Stockyard-*` find what they look for, on answers, streams and refusals."""

from __future__ import annotations

from tests.gateway.conftest import Running
from tests.modules.live import say, switch


async def test_a_whole_answer_tells_what_it_cost(running: Running) -> None:
    assert not any(name.startswith("x-stockyard") for name in (await say(running)).headers)
    await switch(running, "responseheaders")
    headers = (await say(running, headers={"x-stockyard-tags": "team=core"})).headers
    assert headers["x-stockyard-trace-id"] == headers["x-punk-run-id"]
    assert (headers["x-stockyard-model"], headers["x-stockyard-provider"]) == ("gpt-4o-mini", "mock")
    assert (headers["x-stockyard-cached"], headers["x-stockyard-cache"], headers["x-stockyard-tags"]) == (
        "false",
        "MISS",
        "team=core",
    )
    tokens_in, tokens_out = int(headers["x-stockyard-tokens-in"]), int(headers["x-stockyard-tokens-out"])
    usd = tokens_in * 0.15e-6 + tokens_out * 0.6e-6
    assert (
        abs(float(headers["x-stockyard-cost"]) - usd) < 1e-6
        and abs(float(headers["x-stockyard-cost-cents"]) - usd * 100) < 1e-5
    )


async def test_a_repeat_is_told_to_be_cached(running: Running) -> None:
    await switch(running, "responseheaders")
    answers = [await say(running, temperature=0) for _ in range(2)]
    assert [each.headers["x-stockyard-cache"] for each in answers] == ["MISS", "HIT"]


async def test_a_stream_tells_what_is_known_when_it_begins(running: Running) -> None:
    await switch(running, "responseheaders")
    headers = (await say(running, stream=True)).headers
    assert headers["x-stockyard-model"] == "gpt-4o-mini" and "x-stockyard-cost" not in headers


async def test_a_refusal_carries_them_too(running: Running) -> None:
    await switch(running, "responseheaders")
    await switch(running, "ipfence", deny=["127.0.0.1"])
    answer = await say(running)
    assert answer.status == 403 and answer.headers["x-stockyard-trace-id"] == answer.run_id
