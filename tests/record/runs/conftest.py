"""A house whose recorder is the real one."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest_asyncio

from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.testing.house import House


@pytest_asyncio.fixture
async def recorder(house: House) -> AsyncIterator[Recorder]:
    settings = house.settings
    config = RecorderConfig(settings.data_dir, house.services.database.url, segment_bytes=1 << 20, drain_interval_ms=10)
    made = Recorder(config, SystemClock(), Ids(SystemClock()))
    await made.start()
    house.services = dataclasses.replace(house.services, recorder=made)
    yield made
    await made.close(timeout_s=5)
