"""Equal cacheable calls in flight share one upstream call. The leader asks, followers wait for its whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

from headgate.call.call import Call, Reply

WAIT_S = 600.0  # followers give up waiting when a provider would, and then ask for themselves


class _Flight:
    __slots__ = ("answer", "followers", "give_up")

    def __init__(self, answer: asyncio.Future[Reply | None]) -> None:
        self.answer = answer
        self.followers = 0
        self.give_up: Callable[[], object] | None = None  # set when the leader's own client has gone


class Inflight:
    """The cacheable calls that are upstream at this moment, by cache key (which holds tenant, app and subject)."""

    def __init__(self) -> None:
        self._flights: dict[bytes, _Flight] = {}

    def key(self, call: Call) -> bytes | None:
        """The key under which `call` may share, or None when it must stay on its own."""
        if (
            not call.notes.get("cache.store")
            or not call.coalesce
            or call.observing
            or call.cache_wish == "refresh"
        ):
            return None
        return call.notes.get("cache.key")

    async def join(self, key: bytes) -> Reply | None:
        """Wait for the leader's answer, as a reply of the follower's own. None: nobody leads, or nothing to share."""
        flight = self._flights.get(key)
        if flight is None:
            return None
        flight.followers += 1
        try:
            shared = await asyncio.wait_for(asyncio.shield(flight.answer), WAIT_S)
        except TimeoutError:
            shared = None
        finally:
            flight.followers -= 1
            if flight.give_up is not None and flight.followers == 0 and not flight.answer.done():
                flight.give_up()
        return None if shared is None else _follow(shared)

    @contextmanager
    def lead(self, key: bytes, call: Call) -> Generator[None]:
        """Lead until the call is settled; a stream goes on leading after the block, until `land`."""
        if (
            key in self._flights
        ):  # the flight that was waited for had nothing to share: everyone asks for itself now
            yield
            return
        flight = _Flight(asyncio.get_running_loop().create_future())
        self._flights[key] = flight
        call.notes["flight"] = flight
        call.notes["flight.land"] = partial(self._land, key, flight)
        try:
            yield
        except BaseException:
            self._land(key, flight, None)
            raise

    def leave(self, call: Call, give_up: Callable[[], object]) -> None:
        """The client of `call` has gone. `give_up` is called now, or when the last one who waits for its answer goes too."""
        if self.has_followers(call):
            call.notes["flight"].give_up = give_up
        else:
            give_up()

    def has_followers(self, call: Call) -> bool:
        flight = call.notes.get("flight")
        return flight is not None and flight.followers > 0 and not flight.answer.done()

    def _land(self, key: bytes, flight: _Flight, reply: Reply | None) -> None:
        """The leader's call is over; `reply` holds the whole answer, None when there is nothing to share."""
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.answer.done():
            flight.answer.set_result(reply)


def _follow(shared: Reply) -> Reply:
    """A follower's own reply: same answer, no cost, saved what the leader paid."""
    reply = Reply(shared.status, shared.body, route="exact_cache", content_type=b"application/json")
    reply.provider = shared.provider
    reply.model = shared.model
    reply.cache = "coalesced"
    reply.usage = shared.usage
    reply.usage_raw = shared.usage_raw
    reply.saved_pico = shared.cost_pico
    reply.price_known = shared.price_known
    reply.finish = shared.finish
    return reply
