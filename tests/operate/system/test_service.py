"""What the server knows about itself, whatever kind of value its parts tell it in."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import pytest

from headgate.config import Settings
from headgate.kernel.secret import Secret
from headgate.operate.system import service
from headgate.store.engine import Database


@dataclass(frozen=True, slots=True)
class Plain:
    open_runs: int = 1


class Named(NamedTuple):
    open_runs: int = 1


class Packed(msgspec.Struct):
    open_runs: int = 1


@pytest.mark.parametrize("stats", [Plain(), Named(), Packed(), {"open_runs": 1}])
def test_counters_are_read_from_every_kind_of_value(stats: object) -> None:
    assert service.stats_dict(stats) == {"open_runs": 1}


def test_numbers_are_flattened_and_names_are_spelt_as_on_the_wire() -> None:
    stats = {"open_runs": 2, "state": "up", "failures": {"dns": 1}, "last": None, "failing": True}
    assert dict(service.numbers(stats)) == {"open_runs": 2.0, "failures_dns": 1.0, "failing": 1.0}
    assert service.camel(stats)["openRuns"] == 2


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "mock"),
        ({"openai_api_key": Secret("k")}, "openai"),
        ({"openai_base_url": "http://x"}, "openai"),
        ({"provider": "mock", "openai_base_url": "http://x"}, "mock"),
    ],
)
def test_the_provider_is_the_one_that_would_answer(given: dict[str, object], name: str) -> None:
    assert service.provider_name(Settings(**given)) == name  # type: ignore[arg-type]


async def test_a_database_that_is_away_is_told_without_its_address() -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        database = Database(f"postgresql://user:pass-word@127.0.0.1:{nobody_listens.getsockname()[1]}/x")
        state = await service.database_state(database)
        await database.dispose()
    assert state["kind"] == "postgresql" and state["ok"] is False
    assert "127.0.0.1" not in str(state) and "pass-word" not in str(state)
