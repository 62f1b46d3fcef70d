"""Equal cacheable calls share one upstream call; a leader without an answer to share lets its followers go."""

from __future__ import annotations

import asyncio

import pytest

from headgate.call.call import Call, Reply
from headgate.gateway.inflight import Inflight
from tests.gateway.test_chain import make_call


def cacheable_call() -> Call:
    call = make_call()
    call.notes |= {"cache.key": b"k", "cache.store": True}
    return call


def test_calls_that_may_not_be_cached_never_share() -> None:
    inflight = Inflight()
    observing = make_call("observe")
    observing.notes |= {"cache.key": b"k", "cache.store": True}
    opted_out = cacheable_call()
    opted_out.coalesce = False

    assert inflight.key(make_call()) is None
    assert inflight.key(observing) is None
    assert inflight.key(opted_out) is None
    assert inflight.key(cacheable_call()) == b"k"


async def test_a_follower_gets_the_leaders_answer_at_no_cost() -> None:
    inflight, leader = Inflight(), cacheable_call()
    with inflight.lead(b"k", leader):
        follower = asyncio.ensure_future(inflight.join(b"k"))
        await asyncio.sleep(0)
        assert inflight.has_followers(leader)
    answer = Reply(200, b"whole")
    answer.cost_pico = 7
    leader.notes["flight.land"](answer)

    shared = await follower

    assert shared is not None
    assert (shared.body, shared.route, shared.cache, shared.cost_pico, shared.saved_pico) == (
        b"whole",
        "exact_cache",
        "coalesced",
        0,
        7,
    )
    assert await inflight.join(b"k") is None


async def test_followers_are_let_go_when_the_leader_fails() -> None:
    inflight, leader = Inflight(), cacheable_call()
    follower = None
    with pytest.raises(RuntimeError), inflight.lead(b"k", leader):
        follower = asyncio.ensure_future(inflight.join(b"k"))
        await asyncio.sleep(0)
        raise RuntimeError
    assert follower is not None

    assert await follower is None


async def test_a_follower_that_leaves_is_no_longer_counted() -> None:
    inflight, leader = Inflight(), cacheable_call()
    with inflight.lead(b"k", leader):
        follower = asyncio.ensure_future(inflight.join(b"k"))
        await asyncio.sleep(0)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)

        assert not inflight.has_followers(leader)


async def test_a_leader_whose_client_has_gone_is_given_up_with_its_last_follower() -> None:
    inflight, leader = Inflight(), cacheable_call()
    given_up: list[str] = []
    with inflight.lead(b"k", leader):
        followers = [asyncio.ensure_future(inflight.join(b"k")) for _ in range(2)]
        await asyncio.sleep(0)
        inflight.leave(leader, lambda: given_up.append("leader"))
        followers[0].cancel()
        await asyncio.gather(followers[0], return_exceptions=True)
        still = list(given_up)
        followers[1].cancel()
        await asyncio.gather(followers[1], return_exceptions=True)

    assert (still, given_up) == ([], ["leader"])


def test_a_call_that_nobody_follows_is_given_up_at_once() -> None:
    given_up: list[str] = []
    Inflight().leave(cacheable_call(), lambda: given_up.append("call"))

    assert given_up == ["call"]
