"""The hourly job: each part is a step of its own, so that after a crash it goes on with the one that was cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headgate.operate.jobs.schemas import Job, JobContext, Json
from headgate.operate.retention import jobs as retention_jobs
from headgate.record.runs.tables import payloads
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from tests.operate.retention.test_service import all_rows, days, services

pytestmark = pytest.mark.asyncio


async def test_the_job_does_every_part_as_a_step_of_its_own(
    database: Database, database_url: str, clock: FixedClock, tmp_path: Path
) -> None:
    class Settings:
        retention_days = 1
        retention_max_bytes = 1
        data_dir = tmp_path

    await days(database, database_url, clock, 2)
    names: list[str] = []

    async def step(name: str, work: Any) -> Json:
        names.append(name)
        return await work()

    async def progress(value: Json) -> None:
        return

    job = Job("job_1", "", "retention", "durable", 1, 5, {})
    done = await retention_jobs.retain(JobContext(job, services(database, clock, Settings()), step, progress))
    assert names == ["by_age", "by_bytes", "previews", "old_jobs", "old_events", "old_responses"]
    assert done["by_age"]["groups"] + done["by_bytes"]["groups"] == 4
    assert all(row.data is None for row in await all_rows(database, sa.select(payloads)))
