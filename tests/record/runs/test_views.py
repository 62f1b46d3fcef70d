"""Runs as JSON: a run looks the same before and after it is drained, and what can't be read is shown as such."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from headgate.call.frames import Event, Feedback
from headgate.record.runs import tables
from headgate.record.runs.rows import Details, Place, run_row
from headgate.record.runs.views import (
    detail,
    effect_of_event,
    encode_lines,
    event_view,
    feedback_view,
    line_of_frame,
    line_of_row,
)
from headgate.testing.frames import closed


def row_of(frame: Any) -> SimpleNamespace:
    values = run_row(frame, Place(1, 1, b""))
    return SimpleNamespace(**dict(zip(tables.runs.columns.keys(), values, strict=True)))


@pytest.mark.parametrize(
    "given",
    [{}, {"cost_pico": None, "price_known": False}, {"ghost_saved_pico": 5, "saved_ms": 3}, {"session": "s"}],
)
def test_a_run_looks_the_same_before_and_after_it_is_drained(given: dict[str, Any]) -> None:
    frame = closed("run_1", **given)

    assert line_of_row(row_of(frame)) == line_of_frame(frame)


def test_a_line_is_camel_case_json_with_dollars_and_milliseconds() -> None:
    (raw,) = encode_lines([line_of_frame(closed("run_1"))])
    line = json.loads(bytes(raw))

    assert (line["id"], line["costUsd"], line["latencyMs"], line["createdAt"]) == (
        "run_1",
        0.000425,
        1.0,
        "2026-01-01T00:00:00.000000Z",
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a":[1.50]}', {"a": [1.5]}),
        (b"data: x\n\n", "data: x\n\n"),
        (b"", None),
        (b"\xff{", "\ufffd{"),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_a_body_is_shown_as_the_json_it_is_or_as_text(body: bytes, shown: object) -> None:
    run = detail(line_of_frame(closed("run_1")), Details(), (body, b""))

    assert json.loads(msgspec.json.encode(run))["request"] == shown


def test_without_bodies_there_are_none() -> None:
    run = detail(line_of_frame(closed("run_1")), Details(), None)

    assert (run["request"], run["response"], run["usageRaw"]) == (None, None, None)


def test_an_event_that_can_not_be_read_is_shown_as_damaged() -> None:
    assert event_view(3, None, b"\x01") == {
        "index": 3, "type": "damaged", "at": None, "payload": {}, "hash": "01",
    }  # fmt: skip


def test_a_side_effect_keeps_the_payload_it_came_with() -> None:
    shown = effect_of_event(
        "ten_a", "run_1", "0", Event(0, "side_effect.done", {"tool": "mail", "to": "anna"})
    )

    assert json.loads(msgspec.json.encode(shown))["payload"] == {"tool": "mail", "to": "anna"}
    assert (shown["runId"], shown["status"], shown["toolName"]) == ("run_1", "done", "mail")


def test_feedback_is_shown_without_who_gave_it() -> None:
    shown = feedback_view(Feedback("fb_1", "run_1", "ten_a", 0, "rating", -1, None, "key_1", "usr_1"))

    assert set(shown) == {"id", "runId", "createdAt", "type", "rating", "correction"}
    assert (shown["rating"], shown["correction"]) == (-1, None)
