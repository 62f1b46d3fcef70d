"""What runs away is stopped: before it is sent when its size says so, in the middle of its stream otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.kernel.errors import RateLimited
from headgate.modules.admit.idlekill import Config, IdleKill, RunawayStopped
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.admit.test_rateshield import SharedStore
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import QUESTION, make_call


def module(clock: FixedClock, **config: Any) -> IdleKill:
    return IdleKill(Config(**config), Tools(clock, MemoryStore(), {}))


def test_the_deadline_of_a_call_is_the_shorter_one(clock: FixedClock) -> None:
    call = make_call(clock=clock)
    module(clock, max_duration=5).on_request(call)
    assert call.notes["deadline_s"] == 5
    module(clock, max_duration=50).on_request(call)
    assert call.notes["deadline_s"] == 5


def test_a_repeat_is_refused_within_its_window_only(clock: FixedClock) -> None:
    kill = module(clock, loop_threshold=2, loop_window=10)
    for _ in range(2):
        kill.on_request(make_call(clock=clock))
    with pytest.raises(RateLimited) as refusal:
        kill.on_request(make_call(clock=clock))
    assert refusal.value.detail["limit"] == "loop"
    kill.on_request(make_call(QUESTION | {"temperature": 1}, clock=clock))
    kill.on_request(make_call(clock=clock, key_id="key_2"))
    clock.advance(11)
    kill.on_request(make_call(clock=clock))


@pytest.mark.asyncio
async def test_a_shared_store_is_asked_in_the_waiting_hook(clock: FixedClock) -> None:
    kill = IdleKill(Config.model_validate({"loop_threshold": 1}), Tools(clock, SharedStore(), {}))
    for refused in (False, True):
        call = make_call(clock=clock)
        assert kill.on_request(call) is None and kill.must_wait(call)
        if refused:
            with pytest.raises(RateLimited):
                await kill.wait_request(call)
        else:
            await kill.wait_request(call)


def test_a_stream_that_takes_too_long_is_ended(clock: FixedClock) -> None:
    kill = module(clock, max_duration_s=5)
    stream = kill.stream_filter(make_call(QUESTION | {"stream": True}, clock=clock))
    assert stream is not None and stream.feed([b"data: {}\n\n"]) == [b"data: {}\n\n"]
    clock.advance(6)
    with pytest.raises(RunawayStopped, match="5 s"):
        stream.feed([b"data: {}\n\n"])


@pytest.mark.parametrize("how", BOTH)
async def test_a_loop_is_stopped(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "idlekill", loop_threshold=2)
    answers = [await say(running, **how) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].headers["x-should-retry"] == "false"
    assert (await say(running, "something else", **how)).status == 200


@pytest.mark.parametrize("how", BOTH)
async def test_a_request_that_is_too_large_or_too_dear_is_not_sent(
    running: Running, how: dict[str, Any]
) -> None:
    await say(running)  # its price is known from here on
    await switch(running, "idlekill", max_tokens_per_request=100)
    assert (await say(running, "word " * 200, **how)).status == 400
    await switch(running, "idlekill", max_cost_per_request=0.01)
    assert (await say(running, max_tokens=100_000, **how)).status == 400
    assert (await say(running, max_tokens=100, **how)).status == 200


async def test_an_answer_that_grows_too_large_is_cut_off(running: Running) -> None:
    await switch(running, "idlekill", max_tokens=60)
    answer = await say(running, stream=True)
    assert answer.status == 200 and b"runaway_stopped" in answer.body
    assert (await running.run(answer.run_id))["errorCode"] == "runaway_stopped"
