"""Frames as rows: each value in its column, and a provider's nonsense never costs a run its record."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.frames import Event, Usage
from headgate.record.runs import tables
from headgate.record.runs.rows import (
    MAX_INT,
    Details,
    Place,
    interrupted,
    read_details,
    run_row,
    running,
    side_effect_row,
)
from headgate.testing.frames import closed, opened

PLACE = Place(7, 3, b"head", b"address", 2)


def as_dict(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(tables.runs.columns.keys(), row, strict=True))


def test_every_value_is_in_the_column_of_its_name() -> None:
    run = closed("run_1", app="a", agent="b", subject="c", project="d", key_id="e", session="f", same_as="g")

    row = as_dict(run_row(run, PLACE))

    assert {name: row[name] for name in ("app", "agent", "subject", "project", "key_id", "session", "same_as")} == {
        "app": "a", "agent": "b", "subject": "c", "project": "d", "key_id": "e", "session": "f", "same_as": "g",
    }  # fmt: skip
    assert (row["seq"], row["batch"], row["head"], row["payload"], row["payload_at"]) == (
        7,
        3,
        b"head",
        b"address",
        2,
    )
    assert (row["event_count"], row["prompt_tokens"], row["cost_pico"]) == (2, 50, 425_000_000)


def test_the_details_are_those_of_the_frame() -> None:
    run = closed("run_1", user_id="usr", stream=True, warnings=["w"], metadata={"a": 1}, explanation={"b": 2})

    details = read_details(as_dict(run_row(run, PLACE, hold_pico=9))["details"])

    assert details == Details(
        run.wire, run.endpoint, "usr", True, run.usage, run.usage_raw, run.cache, run.finish, run.first_byte_us,
        run.upstream_us, 9, ["w"], {"b": 2}, {"a": 1},
    )  # fmt: skip


def test_tokens_beyond_what_a_column_holds_are_cut_to_it() -> None:
    row = as_dict(run_row(closed("run_1", usage=Usage(2**64 - 1, 2**63, 2**63, known=True)), PLACE))

    assert (row["prompt_tokens"], row["completion_tokens"], row["cached_tokens"]) == (MAX_INT,) * 3


def test_an_interrupted_run_says_that_its_cost_is_not_known() -> None:
    run = interrupted(opened("run_1", stream=True), now_us=5)

    assert (run.status, run.cost_pico, run.price_known, run.saved_pico) == ("interrupted", None, False, None)
    assert [event.name for event in run.events] == ["run.interrupted"]
    assert run.warnings


def test_a_running_run_has_taken_as_long_as_it_is_on_its_way() -> None:
    begun = opened("run_1")

    assert running(begun, now_us=begun.at_us + 1500).latency_us == 1500
    assert running(begun, now_us=begun.at_us - 1).latency_us == 0


@pytest.mark.parametrize(
    ("payload", "tool", "level"),
    [
        ({"toolName": "mail", "level": 4}, "mail", 4),
        ({"tool": "mail", "sideEffectLevel": 0}, "mail", 0),
        ({"name": "mail"}, "mail", 3),
        ({"level": 9}, "", 3),
        ({"level": "high"}, "", 3),
    ],
)
def test_an_undeclared_or_wrong_level_counts_as_a_visible_write(
    payload: dict[str, Any], tool: str, level: int
) -> None:
    row = side_effect_row("ten_a", "run_01X", "2", Event(5, "side_effect.planned", payload))

    assert (row[0], row[4], row[5], row[6]) == ("se_01X_2", tool, level, "planned")
