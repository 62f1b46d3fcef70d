"""The models list: asked seldom, kept when the provider fails, and one caller's own list is not shown to others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from headgate.call.caller import open_caller
from headgate.gateway.models import FRESH_S, ModelList
from headgate.kernel.errors import ProviderError
from headgate.providers.mock import MockProvider, MockReply
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running

LIST = b'{"data":[{"id":"a","owned_by":"x"},{"id":3},"b",{"id":"c"}]}'


class Lists(MockProvider):
    """A provider in this process whose next answers are given."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.status, self.body = 200, LIST

    async def send(self, path: str, body: bytes) -> Any:
        self.asked.append(path)
        return MockReply(self.status, self.body)


@pytest.fixture
def provider() -> Lists:
    return Lists()


@pytest.fixture
def models(running: Running, provider: Lists, clock: FixedClock) -> ModelList:
    house = running.house
    return ModelList(clock, house.keeper, house.floor.client, provider, {"fast": "c", "old-*": "c"})


async def test_only_what_is_a_model_is_listed_and_aliases_with_it(models: ModelList) -> None:
    listed = await models.all(open_caller())

    assert set(listed) == {"a", "c", "fast"}
    assert (listed["a"]["owned_by"], listed["fast"]["id"], listed["fast"]["owned_by"]) == (
        "x",
        "fast",
        "headgate",
    )


async def test_the_provider_is_asked_once_a_minute(
    models: ModelList, provider: Lists, clock: FixedClock
) -> None:
    for _ in range(3):
        await models.all(open_caller())
    clock.advance(FRESH_S)
    await models.all(open_caller())

    assert provider.asked == ["/v1/models"] * 2


@pytest.mark.parametrize(("status", "body"), [(500, LIST), (200, b"not json"), (200, b"[]")])
async def test_a_provider_that_fails_keeps_its_last_list(
    models: ModelList, provider: Lists, clock: FixedClock, status: int, body: bytes
) -> None:
    await models.all(open_caller())
    clock.advance(FRESH_S)
    provider.status, provider.body = status, body

    assert "a" in await models.all(open_caller())


async def test_without_any_list_the_failure_is_told(models: ModelList, provider: Lists) -> None:
    provider.status = 503

    with pytest.raises(ProviderError) as failure:
        await models.all(open_caller())
    assert failure.value.detail["upstream_status"] == 503


async def test_a_list_seen_with_a_callers_own_key_is_not_for_the_others(
    models: ModelList, provider: Lists
) -> None:
    await models.all(open_caller().with_provider_key("sk-own"))
    provider.body = b'{"data":[{"id":"public"}]}'

    assert set(await models.all(open_caller())) == {"public", "fast"}


async def test_a_model_that_is_not_listed_is_asked_for_by_name(models: ModelList, provider: Lists) -> None:
    await models.all(open_caller())
    provider.body = b'{"id":"hidden","owned_by":"y"}'
    found = await models.one(open_caller(), "openai:hidden")
    provider.status = 404

    assert found == {"id": "openai:hidden", "owned_by": "y"}
    assert provider.asked[-1] == "/v1/models/hidden"
    assert await models.one(open_caller(), "none") is None


async def test_every_provider_is_listed_and_one_that_fails_hides_no_other(
    running: Running, provider: Lists, clock: FixedClock
) -> None:
    house = running.house
    table = house.keeper.plane.providers
    second = replace(table.default, name="second")
    silent = replace(table.default, name="silent", speaks=frozenset({"bedrock.converse"}))
    rows = {each.name: each for each in (table.default, second, silent)}
    house.keeper.plane = replace(house.keeper.plane, providers=replace(table, rows=rows))
    models = ModelList(clock, house.keeper, house.floor.client, provider, {})

    both = await models.all(open_caller())
    clock.advance(FRESH_S)
    provider.status = 500
    kept = await models.all(open_caller())

    assert set(both) == {"a", "c", "second/a", "second/c"}
    assert kept == both
