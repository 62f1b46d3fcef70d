"""Each input is asked for once: a later batch asks for what is new, and its answer is the same as if it had asked for all."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.kernel.errors import ProviderError
from headgate.modules.answer.embedcache import PLAN, Config, EmbedCache
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.store.bounded import Bounded
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.gateway.http import Answer
from tests.modules.live import run_of, switch, told
from tests.record.cache.calls import EMBEDDINGS, live_reply, make_call


async def embed(running: Running, *texts: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    body = {"model": "text-embedding-3-small", "input": list(texts)} | more
    return await running.ask(body, path=EMBEDDINGS, headers=headers)


def vectors(answer: Answer) -> list[Any]:
    assert [row["index"] for row in answer.json["data"]] == list(range(len(answer.json["data"])))
    return [row["embedding"] for row in answer.json["data"]]


async def test_a_batch_asks_only_for_what_is_new(running: Running) -> None:
    reference = vectors(await embed(running, "a", "b", "c", "d"))
    await switch(running, "embedcache")
    await embed(running, "a", "c", headers={"x-headgate-cache": "refresh"})
    partial = await embed(running, "a", "b", "c", "d", dimensions=1536)
    assert vectors(partial) != [] and await told(running, partial, "embedcache") is None, (
        "other settings are other vectors"
    )
    answer = await embed(running, "d", "c", "b", "a", user="somebody")
    assert vectors(answer) == list(reversed(reference))
    assert await told(running, answer, "embedcache") == {"inputs": 4, "known": 2}
    run = await run_of(running, answer)
    assert run["request"]["input"] == ["d", "c", "b", "a"], "the record has what the client asked"
    assert run["usage"]["promptTokens"] < 8 and answer.headers["x-punk-route"] == "live"


async def test_a_batch_of_known_inputs_asks_nobody(running: Running) -> None:
    await switch(running, "embedcache")
    first = vectors(await embed(running, "a", "b"))
    answer = await embed(running, "b")
    assert vectors(answer) == first[1:]
    assert (
        answer.headers["x-punk-route"],
        answer.headers["x-headgate-cache"],
        answer.headers["x-headgate-cost"],
    ) == ("exact_cache", "hit", "0")
    assert answer.json["usage"]["prompt_tokens"] == 0 and answer.json["model"]


async def test_tenants_and_subjects_share_nothing_and_an_invalidation_forgets(running: Running) -> None:
    await switch(running, "embedcache")
    await embed(running, "a", "x")
    other = await embed(running, "a", headers={"x-punk-subject": "ada"})
    assert other.headers["x-punk-route"] == "live"
    await running.ask({}, path="/api/v1/cache/invalidate")
    assert (await embed(running, "a")).headers["x-punk-route"] == "live"


def made(clock: FixedClock) -> EmbedCache:
    hot = {
        "vectors": Bounded(1_000_000),
        "cache": ResponseCache(CacheLimits(memory_bytes=1_000_000, disk_bytes=0), clock),
    }
    return EmbedCache(Config.model_validate({}), Tools(clock, MemoryStore(), hot))


def ask(module: EmbedCache, clock: FixedClock, given: Any, **who: Any) -> Any:
    call = make_call({"model": "m", "input": given}, clock=clock, endpoint=EMBEDDINGS, **who)
    return call, module.on_request(call)


def data(*values: int) -> bytes:
    rows = ",".join(f'{{"index":{at},"embedding":[{value}]}}' for at, value in enumerate(values))
    return b'{"object":"list","data":[' + rows.encode() + b"]}"


def test_an_answer_of_another_length_is_not_mixed_with_what_is_known(clock: FixedClock) -> None:
    module = made(clock)
    call, _ = ask(module, clock, ["a"])
    module.on_reply(call, live_reply(data(1)))
    call, _ = ask(module, clock, ["a", "b"])
    assert b'["b"]' in call.body
    with pytest.raises(ProviderError):
        module.on_reply(call, live_reply(data(1, 2)))


def test_a_call_that_failed_is_on_record_as_it_was_asked(clock: FixedClock) -> None:
    module = made(clock)
    call, _ = ask(module, clock, ["a"])
    module.on_reply(call, live_reply(data(1)))
    call, _ = ask(module, clock, ["a", "b"])
    module.on_done(call, live_reply(status=502))
    assert b'["a", "b"]' in call.body and PLAN not in call.notes


def test_what_is_too_old_is_asked_again(clock: FixedClock) -> None:
    module = made(clock)
    call, _ = ask(module, clock, "a")
    module.on_reply(call, live_reply(data(1)))
    assert ask(module, clock, "a")[1] is not None
    assert ask(module, clock, "a", mode="observe")[1] is None, "an observe key is always answered live"
    clock.advance(604_801)
    assert ask(module, clock, "a")[1] is None
