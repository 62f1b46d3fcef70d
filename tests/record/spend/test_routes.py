"""`GET /api/v1/savings`: the tenant's own, a pinned key's app only, and times that say what is wrong with them."""

from __future__ import annotations

import httpx2
import pytest

from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.record.spend.routes import router
from headgate.testing.frames import closed
from headgate.testing.house import House

IDS = Ids(SystemClock())
PATH = "/api/v1/savings"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router,))


async def runs(client: httpx2.AsyncClient, **params: str) -> int:
    answer = await client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["totalRuns"]


async def test_a_call_counts_the_moment_it_is_answered_and_once(
    house: House, client: httpx2.AsyncClient
) -> None:
    house.recorder.write(closed(IDS.new("run")))
    assert await runs(client) == 1
    assert await house.recorder.caught_up(5)

    assert await runs(client) == 1


async def test_it_can_be_narrowed_to_an_app_and_to_hours(house: House, client: httpx2.AsyncClient) -> None:
    house.recorder.write(closed(IDS.new("run"), app="support"))
    house.recorder.write(closed(IDS.new("run"), at_us=1_767_225_600_000_000 + 2 * 3_600_000_000))

    assert await runs(client, app="support") == 1
    assert await runs(client, since="2026-01-01T02:59:00Z") == 1
    assert await runs(client, until="2026-01-01T02:59:00Z") == 1


@pytest.mark.parametrize("name", ["since", "until"])
async def test_a_time_that_is_none_is_named(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(PATH, params={name: "yesterday"})

    assert (answer.status_code, answer.json()["param"]) == (400, name)


async def test_other_tenants_are_not_in_it(house: House, client: httpx2.AsyncClient) -> None:
    house.recorder.write(closed(IDS.new("run"), tenant="ten_other"))

    assert await runs(client) == 0
