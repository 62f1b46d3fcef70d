"""The life of a call end to end: what is answered without a model, what observers get, what is on record."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Asked, Script, good, paced
from tests.gateway.conftest import Running, serving
from tests.gateway.http import Client, chat, request

ZERO: dict[str, Any] = {"temperature": 0}


@pytest.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


@pytest.fixture
async def gateway(upstream: FaultServer, tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-server"
    ) as running:
        yield running


async def test_the_second_identical_call_is_free_and_the_savings_add_it_at_once(
    gateway: Running, upstream: FaultServer
) -> None:
    first = await gateway.ask(chat(**ZERO))
    second = await gateway.ask(chat(**ZERO))
    savings = (await gateway.get("/api/v1/savings")).json

    assert (first.headers["x-punk-route"], second.headers["x-punk-route"]) == ("live", "exact_cache")
    assert second.body == first.body
    assert second.headers["x-headgate-cost"] == "0"
    assert second.headers["x-headgate-saved"] == first.headers["x-headgate-cost"] != "0"
    assert (savings["totalRuns"], savings["optimizedRuns"]) == (2, 1)
    assert savings["totalSavedUsd"] == pytest.approx(float(first.headers["x-headgate-cost"]))
    assert len(upstream.seen) == 1


async def test_a_call_that_is_not_deterministic_is_never_answered_from_the_cache(gateway: Running) -> None:
    routes = [(await gateway.ask(chat())).headers["x-punk-route"] for _ in range(2)]

    assert routes == ["live", "live"]


@pytest.mark.parametrize("wish", ["bypass", "refresh"])
async def test_a_caller_can_go_round_the_cache(gateway: Running, wish: str) -> None:
    await gateway.ask(chat(**ZERO))

    again = await gateway.ask(chat(**ZERO), headers={"x-headgate-cache": wish})

    assert (again.headers["x-punk-route"], again.headers["x-headgate-cache"]) == ("live", wish)


async def test_an_unknown_cache_wish_is_refused_by_name(gateway: Running) -> None:
    answer = await gateway.ask(chat(), headers={"x-headgate-cache": "perhaps"})

    assert (answer.status, answer.json["error"]["param"]) == (400, "x-headgate-cache")


async def test_a_stream_is_repeated_from_the_cache_as_a_stream_and_as_a_whole(gateway: Running) -> None:
    live = await gateway.ask(chat(stream=True, **ZERO))
    stream = await gateway.ask(chat(stream=True, **ZERO))
    whole = await gateway.ask(chat(**ZERO))

    def text(body: bytes) -> str:
        events = [json.loads(part[6:]) for part in body.split(b"\n\n") if part.startswith(b"data: {")]
        return "".join(
            choice["delta"].get("content") or "" for event in events for choice in event["choices"]
        )

    assert (stream.headers["x-punk-route"], whole.headers["x-punk-route"]) == ("exact_cache", "exact_cache")
    assert text(stream.body) == text(live.body) == whole.json["choices"][0]["message"]["content"]
    assert stream.body.endswith(b"data: [DONE]\n\n")


async def test_usage_is_asked_for_and_hidden_from_who_did_not_ask(
    gateway: Running, upstream: FaultServer
) -> None:
    hidden = await gateway.ask(chat(stream=True))
    shown = await gateway.ask(chat(stream=True, stream_options={"include_usage": True}))
    run = await gateway.run(hidden.run_id)

    assert b"usage" not in hidden.body
    assert b'"prompt_tokens":12' in shown.body
    assert json.loads(upstream.seen[0].body)["stream_options"] == {"include_usage": True}
    assert (run["promptTokens"], run["completionTokens"]) == (12, 16)


async def test_every_field_reaches_the_upstream_unchanged(gateway: Running, upstream: FaultServer) -> None:
    body = b'{ "messages":[{"role":"user","content":"x"}], "model":"gpt-4o",\n "seed": 18446744073709551616, "x": {"a":[1.50]} }'

    await gateway.ask(body)

    assert upstream.seen[0].body == body


async def test_equal_misses_at_once_go_upstream_once(gateway: Running, upstream: FaultServer) -> None:
    slow = good(Asked())
    upstream.queue(Script((0.2, *slow.steps)))

    answers = await asyncio.gather(*(gateway.ask(chat(**ZERO)) for _ in range(8)))

    assert len(upstream.seen) == 1
    assert len({answer.body for answer in answers}) == 1
    assert sorted(answer.headers["x-headgate-cache"] for answer in answers) == ["coalesced"] * 7 + ["miss"]


async def test_a_leader_that_leaves_does_not_cancel_its_followers(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(Script((0.4, *good(Asked()).steps)))
    leader = await Client.connect(gateway.port)
    leader.send(request(chat(**ZERO)))
    while not upstream.seen:
        await asyncio.sleep(0.01)
    follower = asyncio.ensure_future(gateway.ask(chat(**ZERO)))
    await asyncio.sleep(0.1)
    leader.writer.close()

    answer = await follower

    assert (answer.status, answer.headers["x-headgate-cache"], len(upstream.seen)) == (200, "coalesced", 1)


async def test_coalescing_can_be_opted_out(gateway: Running, upstream: FaultServer) -> None:
    upstream.queue(*(Script((0.1, *good(Asked()).steps)) for _ in range(2)))

    await asyncio.gather(
        *(gateway.ask(chat(**ZERO), headers={"x-headgate-coalesce": "off"}) for _ in range(2))
    )

    assert len(upstream.seen) == 2


async def test_a_stream_reaches_the_client_as_it_comes(gateway: Running, upstream: FaultServer) -> None:
    upstream.queue(paced(Asked(stream=True), pause_s=0.05))
    async with await gateway.client() as client:
        client.send(request(chat(stream=True)))
        await client.head()
        first = await client.chunk()

        assert first.startswith(b"data: ")
        assert (await gateway.runs("?status=running"))[0]["status"] == "running"
        while await client.chunk():
            pass


async def test_validation_errors_name_the_field_and_leave_no_run(
    gateway: Running, upstream: FaultServer
) -> None:
    for body, param in (
        ({"messages": []}, "model"),
        (chat(messages="hi"), "messages"),
        (chat(stream="yes"), "stream"),
    ):
        answer = await gateway.ask(body)
        assert (answer.status, answer.json["error"]["param"]) == (400, param)

    assert await gateway.runs() == []
    assert upstream.seen == []


async def test_embeddings_pass_and_repeat_for_free(running: Running) -> None:
    body = {"model": "text-embedding-3-small", "input": ["a", "b"], "encoding_format": "base64"}
    first = await running.ask(body, path="/v1/embeddings")
    second = await running.ask(body, path="/v1/embeddings")

    assert [len(base64.b64decode(row["embedding"])) % 4 for row in first.json["data"]] == [0, 0]
    assert second.headers["x-punk-route"] == "exact_cache"


async def test_the_twin_behind_asgi_gives_the_same_answer(running: Running) -> None:
    """A browser's request of the same origin goes through ASGI."""
    origin = {"origin": f"http://127.0.0.1:{running.port}", "host": f"127.0.0.1:{running.port}"}
    plain = await running.ask(chat())
    twin = await running.ask(chat(), headers=origin)
    stream = await running.ask(chat(stream=True), headers=origin)

    assert twin.json["choices"] == plain.json["choices"]
    assert (await running.run(twin.run_id))["status"] == "completed"
    assert stream.body.endswith(b"data: [DONE]\n\n")
    assert (await running.run(stream.run_id))["status"] == "completed"


async def test_the_models_list_and_one_model(running: Running) -> None:
    listed = (await running.get("/v1/models")).json
    one = (await running.get("/v1/models/gpt-4o")).json

    assert listed["object"] == "list"
    assert listed["data"]
    assert (one["id"], one["object"]) == ("gpt-4o", "model")


class TestProtected:
    """With a key asked for."""

    KEY: ClassVar[dict[str, str]] = {"authorization": "Bearer boot"}

    @pytest.fixture
    async def house(self, tmp_path: Path) -> AsyncIterator[Running]:
        async with serving(tmp_path / "data", api_key="boot") as running:
            yield running

    async def made(self, house: Running, **draft: Any) -> dict[str, str]:
        body = {"name": "test", "mode": "optimize", "admin": False} | draft
        answer = await house.ask(body, path="/api/v1/keys", headers=self.KEY)
        token = answer.json.get("token") or answer.json["key"]["token"]
        return {"authorization": f"Bearer {token}"}

    async def test_nobody_is_refused_before_anything_is_recorded(self, house: Running) -> None:
        answer = await house.ask(chat())

        assert (answer.status, answer.json["error"]["type"]) == (401, "authentication_error")
        assert (await house.get("/api/v1/runs", **self.KEY)).json["runs"] == []

    async def test_an_observe_key_gets_live_answers_and_ghost_savings(self, house: Running) -> None:
        key = await self.made(house, mode="observe")
        await house.ask(chat(**ZERO), headers=key)
        second = await house.ask(chat(**ZERO), headers=key)
        savings = (await house.get("/api/v1/savings", **self.KEY)).json

        assert second.headers["x-punk-route"] == "live"
        assert savings["ghostSavedUsd"] > 0
        assert savings["totalSavedUsd"] == 0

    async def test_a_revoked_key_is_refused_at_the_next_call(self, house: Running) -> None:
        key = await self.made(house)
        assert (await house.ask(chat(), headers=key)).status == 200
        (listed,) = (await house.get("/api/v1/keys", **self.KEY)).json["keys"]

        await house.ask({}, path=f"/api/v1/keys/{listed['id']}/revoke", headers=self.KEY)

        assert (await house.ask(chat(), headers=key)).status == 401

    async def test_what_is_left_of_the_limit_is_on_every_answer_and_the_limit_holds(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path / "limited", api_key="boot", chat_rate_limit_rpm=3) as house:
            answers = [await house.ask(chat(), headers=self.KEY) for _ in range(4)]

        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["x-ratelimit-remaining"] == "2"
        assert int(answers[3].headers["retry-after"]) >= 1


async def test_with_a_locked_database_and_a_full_spool_calls_are_refused_before_dispatch_and_none_is_lost(
    upstream: FaultServer, tmp_path: Path
) -> None:
    small: dict[str, Any] = {"spool_segment_bytes": 64 * 1024, "spool_max_bytes": 192 * 1024}
    async with serving(tmp_path / "data", openai_base_url=upstream.url, **small) as gateway:
        await gateway.ask(chat())
        lock = sqlite3.connect(tmp_path / "data" / "headgate.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        answers = [await gateway.ask(chat("x" * 2000)) for _ in range(80)]
        refused = [answer for answer in answers if answer.status != 200]
        asked = len(upstream.seen)
        lock.execute("ROLLBACK")
        lock.close()
        for _ in range(200):
            if not gateway.house.floor.recorder.stats().frames_waiting:
                break
            await asyncio.sleep(0.05)
        runs = {run["id"] for run in await gateway.runs("?limit=500")}

        assert refused
        assert {(answer.status, answer.json["error"]["code"]) for answer in refused} == {
            (503, "record_unavailable")
        }
        assert asked == 1 + len(answers) - len(refused)
        assert {answer.run_id for answer in answers if answer.status == 200} <= runs
        for _ in range(100):  # the segments that are drained are given back a moment later
            if (again := await gateway.ask(chat())).status == 200:
                break
            await asyncio.sleep(0.05)
        assert again.status == 200
