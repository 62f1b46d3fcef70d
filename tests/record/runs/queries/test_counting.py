"""Counts of what agents did: all runs, blocked ones, those refused by guards; only since a time and of one tenant."""

from __future__ import annotations

from headgate.kernel.ids import Ids
from headgate.record.runs.queries.counting import by_agent
from headgate.testing.frames import closed
from headgate.testing.house import House


async def test_each_agent_is_counted(house: House) -> None:
    ids = Ids(house.clock)
    for agent, status, code, at_us in (
        ("a", "completed", "", 10), ("a", "blocked", "rate_limited", 10), ("a", "blocked", "guardrail_blocked", 10),
        ("a", "completed", "", 5), ("b", "failed", "", 10),
    ):  # fmt: skip
        house.recorder.write(closed(ids.new("run"), agent=agent, status=status, error_code=code, at_us=at_us))
    assert await house.recorder.caught_up(5)
    async with house.services.database.reading() as db:
        assert await by_agent(db, "ten_default", 10, ["guardrail_blocked"]) == {
            "a": (3, 2, 1),
            "b": (1, 0, 0),
        }
        assert await by_agent(db, "ten_other", 0, []) == {}
