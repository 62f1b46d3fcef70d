"""Waiting for room: callers in turns, bounded in number, bytes and time, and no turn is lost."""

from __future__ import annotations

import asyncio

import pytest

from headgate.call.policy import QueueTerms
from headgate.gateway.upstreams.fair_queue import FairQueue
from headgate.kernel.errors import RateLimited

TERMS = QueueTerms(wait_s=5.0, max_bytes=1000, max_waiting=20)


async def turns(queue: FairQueue, lanes: str) -> list[asyncio.Task[None]]:
    """A call waits in each of these lanes, in this order."""
    waiting = [asyncio.ensure_future(queue.wait(lane, 10, TERMS, 60.0)) for lane in lanes]
    await asyncio.sleep(0)
    return waiting


@pytest.mark.pain(7)
async def test_callers_take_turns_whoever_asks_most() -> None:
    """Pain 7, a cliff under load: whoever floods a full provider waits behind its own calls, others pass after one turn."""
    queue = FairQueue("p")
    waiting = await turns(queue, "aaaaabc")
    served: list[str] = []
    for task, lane in zip(waiting, "aaaaabc", strict=True):
        task.add_done_callback(lambda _, lane=lane: served.append(lane))

    for _ in waiting:
        assert queue.grant()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert "".join(served) == "abcaaaa"
    assert (queue.waiting, queue.bytes) == (0, 0)
    assert not queue.grant()


async def test_it_is_bounded_in_number_and_bytes() -> None:
    queue = FairQueue("p")
    waiting = await turns(queue, "a" * 20)
    with pytest.raises(RateLimited) as full:
        await queue.wait("b", 10, TERMS, 60.0)
    assert full.value.headers["Retry-After"] == "1"
    for _ in waiting:
        queue.grant()
    await asyncio.gather(*waiting)

    with pytest.raises(RateLimited):
        await queue.wait("b", 1001, TERMS, 60.0)


async def test_who_waits_too_long_leaves_its_place() -> None:
    queue = FairQueue("p")

    with pytest.raises(RateLimited):
        await queue.wait("a", 10, TERMS, 0.01)

    assert (queue.waiting, queue.bytes) == (0, 0)


async def test_who_is_cancelled_leaves_its_place_to_the_next() -> None:
    queue = FairQueue("p")
    first, second = await turns(queue, "aa")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    assert queue.waiting == 1
    assert queue.grant()
    await second


async def test_a_turn_that_comes_too_late_is_given_back() -> None:
    class Counted(FairQueue):
        unused = 0

        def on_unused(self) -> None:
            self.unused += 1

    queue = Counted("p")
    (only,) = await turns(queue, "a")
    assert queue.grant()
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)

    assert queue.unused == 1
