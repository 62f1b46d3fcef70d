"""When an exact repeat is served, when not, and what the reply then says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.call.call import Call, Reply
from headgate.call.module import Tools
from headgate.modules.answer.cachelayer import CacheLayer, Config
from headgate.record.cache.hot import EXACT, CacheLimits, ResponseCache
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import EMBEDDINGS, QUESTION, live_reply, make_call

ANSWER = b'{"answer":"hello"}'


class Bench:
    """The module on a cache, and the part of the gateway that stores live answers."""

    def __init__(self, clock: FixedClock, cache: ResponseCache | None = None, **config: Any) -> None:
        self.clock = clock
        self.cache = cache or ResponseCache(CacheLimits(), clock)
        self.module = CacheLayer(Config(**config), Tools(clock, MemoryStore(), {"cache": self.cache}))

    def ask(
        self, body: Any = QUESTION, *, wish: Any = "", max_age: int | None = None, **who: Any
    ) -> tuple[Call, Reply | None]:
        call = make_call(body, clock=self.clock, **who)
        call.cache_wish, call.cache_max_age_s = wish, max_age
        return call, self.module.on_request(call)

    def live(
        self, body: Any = QUESTION, *, answer: bytes = ANSWER, run_id: str = "run_live", **who: Any
    ) -> Call:
        """A call that misses, is answered by a model after two seconds, and stored."""
        call, reply = self.ask(body, run_id=run_id, **who)
        assert reply is None and call.notes["cache.store"] is True
        self.clock.advance(2)
        assert self.cache.keep(call, live_reply(answer), answer)
        return call


@pytest.fixture
def bench(clock: FixedClock) -> Bench:
    return Bench(clock)


def test_a_repeat_costs_nothing_and_saves_what_live_cost(bench: Bench) -> None:
    source = bench.live()
    call, reply = bench.ask(run_id="run_2")
    assert reply is not None and (reply.status, reply.body, reply.route, reply.cache) == (
        200,
        ANSWER,
        "exact_cache",
        "hit",
    )
    assert (reply.cost_pico, reply.saved_pico, reply.saved_ms) == (0, 75_000_000, 2000)
    assert (reply.provider, reply.model, reply.finish) == ("openai", "gpt-4o", "stop")
    assert (reply.usage.prompt_tokens, reply.usage_raw) == (10, b'{"prompt_tokens":10,"completion_tokens":5}')
    assert call.explanation["cache"]["sourceRunId"] == source.run_id
    assert not call.notes["cache.store"]


def test_a_repeat_names_its_source_only_when_every_byte_is_the_same(bench: Bench) -> None:
    bench.live()
    _, same = bench.ask()
    _, written_otherwise = bench.ask(json.dumps(QUESTION, indent=1).encode())
    _, streamed = bench.ask({**QUESTION, "stream": True})
    assert [reply and reply.same_as for reply in (same, written_otherwise, streamed)] == ["run_live", "", ""]


def test_a_streamed_answer_serves_whole_and_streamed_calls_but_is_no_payload_of_theirs(bench: Bench) -> None:
    bench.live({**QUESTION, "stream": True})
    for body in (QUESTION, {**QUESTION, "stream": True}):
        _, reply = bench.ask(body)
        assert reply is not None and reply.same_as == "" and reply.content_type == b"application/json"


@pytest.mark.parametrize(("body", "wish", "cacheable"), [
    (QUESTION, "", True), ({**QUESTION, "temperature": 0.0}, "", True), ({**QUESTION, "temperature": 0.1}, "", False),
    ({"model": "m", "messages": QUESTION["messages"]}, "", False),
    ({"model": "m", "messages": QUESTION["messages"]}, "allow", True),
    ({**QUESTION, "temperature": 1}, "allow", True),
    ({**QUESTION, "temperature": 1}, "refresh", False), (QUESTION, "bypass", False),
])  # fmt: skip
def test_only_deterministic_or_permitted_calls_are_cached(
    bench: Bench, body: Any, wish: str, cacheable: bool
) -> None:
    call, reply = bench.ask(body, wish=wish)
    assert reply is None
    assert call.notes.get("cache.store", False) is cacheable and ("cache.key" in call.notes) is cacheable


def test_embeddings_are_cached(bench: Bench) -> None:
    body = {"model": "text-embedding-3-small", "input": "hi"}
    bench.live(body, endpoint=EMBEDDINGS)
    assert bench.ask(body, endpoint=EMBEDDINGS)[1] is not None


def test_tenant_app_and_subject_are_walls(bench: Bench) -> None:
    bench.live(subject="s1")
    assert bench.ask(subject="s1")[1] is not None
    assert bench.ask(subject="s2")[1] is None
    assert bench.ask(subject="")[1] is None
    assert bench.ask(subject="s1", app="app_b")[1] is None
    assert bench.ask(subject="s1", tenant="ten_b")[1] is None


def test_refresh_asks_live_and_stores_the_new_answer(bench: Bench) -> None:
    bench.live()
    call, reply = bench.ask(wish="refresh", run_id="run_new")
    assert reply is None and call.notes["cache.state"] == "refresh"
    bench.cache.keep(call, live_reply(b"new"), b"new")
    _, reply = bench.ask()
    assert reply is not None and reply.body == b"new" and reply.same_as == "run_new"


def test_bypass_neither_serves_nor_stores(bench: Bench) -> None:
    bench.live()
    call, reply = bench.ask(wish="bypass")
    assert reply is None and call.notes["cache.state"] == "bypass" and "cache.slot" not in call.notes


def test_max_age_refuses_older_answers(bench: Bench) -> None:
    bench.live()
    bench.clock.advance(10)
    assert bench.ask(max_age=10)[1] is not None
    for max_age in (9, 0):
        call, reply = bench.ask(max_age=max_age)
        assert reply is None and call.notes["cache.store"] is True


def test_an_observe_key_gets_live_answers_and_the_ghost_of_a_hit(bench: Bench) -> None:
    bench.live(mode="observe")
    call, reply = bench.ask(mode="observe")
    assert reply is None
    assert call.notes["ghost"] == ("exact_cache", 75_000_000, 2000)
    assert call.notes["cache.store"] is False


def test_the_time_to_live_is_the_modules(clock: FixedClock) -> None:
    bench = Bench(clock, ttl=5)
    bench.live()
    bench.clock.advance(2)
    assert bench.ask()[1] is not None
    bench.clock.advance(3)
    assert bench.ask()[1] is None


def test_long_requests_are_not_looked_up(clock: FixedClock) -> None:
    call, reply = Bench(clock, max_request_bytes=10).ask()
    assert reply is None and "cache.key" not in call.notes


def test_hits_and_misses_are_counted(bench: Bench) -> None:
    bench.live()
    bench.ask()
    bench.ask(max_age=0)
    assert (bench.cache.stats()["hits"], bench.cache.stats()["misses"]) == (1, 2)


@pytest.mark.asyncio
async def test_after_a_restart_a_repeat_waits_for_the_disk_and_is_served(
    clock: FixedClock, tmp_path: Path
) -> None:
    first = ResponseCache(CacheLimits(disk_wait_s=20.0), clock, tmp_path / "cache.db")
    first.start()
    Bench(clock, first).live()
    first.close()
    cache = ResponseCache(CacheLimits(disk_wait_s=20.0), clock, tmp_path / "cache.db")
    cache.start()
    bench = Bench(clock, cache)
    call, reply = bench.ask(run_id="run_2")
    assert reply is None and bench.module.must_wait(call)
    reply = await bench.module.wait_request(call)
    assert (
        reply is not None
        and reply.body == ANSWER
        and reply.same_as == "run_live"
        and reply.saved_pico == 75_000_000
    )
    call, reply = bench.ask(run_id="run_3")
    assert reply is not None and not bench.module.must_wait(call), "it is in memory now"
    exact = next(each for each in await cache.counts("ten_a") if each.kind == EXACT)
    assert (exact.entries, exact.hits, exact.misses) == (1, 2, 0)
    cache.close()
