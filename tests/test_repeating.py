"""Answers of an earlier process can be had again; when the database is away, or they are gone, calls are made anew."""

from __future__ import annotations

from headgate.call.call import Call
from headgate.call.caller import DEFAULT_TENANT
from headgate.gateway.repeats import KEY_S, Repeats, mark
from headgate.kernel.ids import Ids
from headgate.repeating import RepeatMemory
from headgate.store.engine import Database
from headgate.testing.frames import closed
from headgate.testing.house import House
from tests.record.cache.calls import QUESTION, make_call


async def kept(house: House, body: bytes = b'{"id":"x"}') -> tuple[Repeats, Call]:
    """A house that answered a call with a key, and the repeats of the gateway after it."""
    clock = house.clock
    call = make_call(QUESTION, clock=house.clock, tenant=DEFAULT_TENANT)
    call.headers = {b"idempotency-key": b"1"}
    mark(call)
    assert Repeats(clock).begin(call) is None
    at_us = int(clock.now() * 1e6)
    house.recorder.write(
        closed(
            Ids(clock).new("run"), at_us=at_us, request=b"{}", response=body, repeat=call.notes["repeat.kept"]
        )
    )
    assert await house.recorder.caught_up(5)
    repeats = Repeats(clock)
    await RepeatMemory(house.services.database, house.recorder, clock).restore(repeats)
    again = make_call(QUESTION, clock=house.clock, tenant=DEFAULT_TENANT)
    again.headers = call.headers
    mark(again)
    return repeats, again


async def test_an_answer_is_had_again(house: House) -> None:
    repeats, again = await kept(house)

    entry = repeats.begin(again)
    assert entry is not None
    reply = await repeats.answer(entry, again)

    assert reply is not None
    assert (reply.body, reply.provider, reply.cost_pico) == (b'{"id":"x"}', "openai", 0)


async def test_an_answer_that_is_gone_is_asked_for_anew(house: House) -> None:
    repeats, again = await kept(house, b"")

    entry = repeats.begin(again)
    assert entry is not None
    assert await repeats.answer(entry, again) is None
    assert repeats.begin(again) is None


async def test_a_database_that_is_away_stops_nothing(house: House) -> None:
    clock = house.clock
    repeats = Repeats(clock)

    await RepeatMemory(Database("sqlite:////nowhere/at/all.db"), house.recorder, clock).restore(repeats)

    assert repeats.bytes == 0
    assert KEY_S <= 24 * 3600
