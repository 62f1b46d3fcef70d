"""Keys of answered calls: the newest call of a key counts, and none is kept for longer than it may be asked for."""

from __future__ import annotations

from headgate.kernel.ids import Ids
from headgate.record.runs.queries.repeats import since
from headgate.testing.frames import closed
from headgate.testing.house import House

DAY_US = 24 * 3600 * 1_000_000


async def test_the_newest_of_a_key_counts_and_old_ones_go(house: House) -> None:
    clock = house.clock
    ids, now_us = Ids(clock), int(clock.now() * 1e6)
    key, other = b"k" * 32, b"o" * 32
    for at_us, name in ((now_us - 2 * DAY_US, other), (now_us - 1000, key), (now_us, key)):
        house.recorder.write(closed(ids.new("run"), at_us=at_us, repeat=name + b"b" * 32))
        assert await house.recorder.caught_up(5)
    newest = closed(ids.new("run"), at_us=now_us)
    house.recorder.write(newest)
    assert await house.recorder.caught_up(5)

    async with house.services.database.reading() as db:
        rows = await since(db, now_us - DAY_US, 10)

    assert [(bytes(row.key), row.at_us) for row in rows] == [(key, now_us)]
