"""A settler on a record in memory, with known prices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.call.frames import Closed, Frame
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler
from headgate.kernel.errors import RecordUnavailable
from headgate.providers.prices import PriceBook
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.record.spend.spending import make_purse


class Frames:
    """A record in memory, which may be full."""

    def __init__(self) -> None:
        self.closed: list[Closed] = []
        self.full = False

    def write(self, frame: Frame) -> None:
        if self.full:
            raise RecordUnavailable("full")
        assert isinstance(frame, Closed)
        self.closed.append(frame)

    def hurry(self) -> None:
        """There is nothing to wait for."""

    async def caught_up(self, timeout_s: float = 0.25) -> bool:
        return True


@pytest.fixture
def frames() -> Frames:
    return Frames()


@pytest.fixture
def keeper(running: Running, clock: FixedClock) -> PlaneKeeper:
    """A plane on which gpt-4o costs one and two dollars a million tokens."""
    prices = PriceBook({"gpt-4o": {"input": 1, "output": 2}}, clock)
    return PlaneKeeper(replace(running.house.keeper.plane, prices=prices), {})


@pytest.fixture
def settler(keeper: PlaneKeeper, frames: Frames, clock: FixedClock) -> Settler:
    return Settler(
        clock, frames, keeper, ResponseCache(CacheLimits(memory_bytes=10**6, disk_bytes=0), clock),
        make_purse(clock),
    )  # fmt: skip
