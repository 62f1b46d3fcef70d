"""The trust job: what agents did is counted for every tenant, and their tiers follow."""

from __future__ import annotations

from headgate.govern.agents import service as agents
from headgate.govern.agents.hot import AgentBook
from headgate.kernel.ids import Ids
from headgate.operate.jobs.schemas import Job, JobContext, JobServices
from headgate.record.runs.jobs import rescore
from headgate.testing.frames import closed
from headgate.testing.house import House


async def test_good_and_bad_agents_part_ways(house: House) -> None:
    ids = Ids(house.clock)
    at_us = int(house.clock.now() * 1_000_000)
    for _ in range(60):
        house.recorder.write(closed(ids.new("run"), agent="good", at_us=at_us))
        bad = {"agent": "bad", "status": "blocked", "error_code": "guardrail_blocked", "tenant": "ten_other"}
        house.recorder.write(closed(ids.new("run"), at_us=at_us, **bad))
    assert await house.recorder.caught_up(5)
    services = JobServices(
        house.services.database, house.clock, ids, house.notices, house.services.calls, house.settings
    )

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    job = Job("job_1", "", "trust", "lease", 1, 5, {})
    result = await rescore(JobContext(job, services, nothing, nothing))  # pyright: ignore[reportArgumentType] - unused here
    book = AgentBook()
    await agents.load_book(house.services.database, book)

    assert result == {"tenants": 2, "tiersChanged": 1}
    assert (book.of("ten_default", "good")[1], book.of("ten_other", "bad")[1]) == ("trusted", "unverified")
