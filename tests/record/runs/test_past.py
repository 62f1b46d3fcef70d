"""Past runs come newest first with their bodies, those of repeats included, page after page, and only the caller's."""

from __future__ import annotations

import pytest

from headgate.call.caller import Caller, open_caller
from headgate.kernel.ids import Ids
from headgate.record.runs import past
from headgate.record.runs.queries.reading import RunFilter
from headgate.record.runs.service import Look
from headgate.record.runs.service import past as past_of
from headgate.testing.frames import closed
from headgate.testing.house import House


async def read(house: House, most: int, caller: Caller | None = None) -> list[tuple[str, bytes, bytes]]:
    async with house.services.database.reading() as db:
        look = Look(db, caller or open_caller(), house.recorder, house.clock)
        return [
            (each.row.id, each.request, each.response) async for each in past_of(look, RunFilter(), most=most)
        ]


async def test_runs_with_their_bodies_page_after_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "PAGE", 2)
    ids = Ids(house.clock)
    made: list[str] = []
    for number in range(5):
        house.clock.advance(1)
        made.append(ids.new("run"))
        body = b"%d" % number
        repeats = {"same_as": made[0], "request": b"", "response": b""} if number == 4 else {}
        house.recorder.write(closed(made[-1], **{"request": b"q" + body, "response": b"a" + body, **repeats}))
    assert await house.recorder.caught_up(5)

    expected = [(made[4], b"q0", b"a0"), *((made[n], b"q%d" % n, b"a%d" % n) for n in (3, 2, 1, 0))]

    assert await read(house, 10) == expected
    assert await read(house, 3) == expected[:3]
    assert await read(house, 10, Caller("ten_other", "pk")) == []
    assert await read(house, 10, Caller("ten_default", "pk", app_pin="other")) == []
