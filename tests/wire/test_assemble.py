"""How deltas add up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.assemble import add, choices_of, read_chunks, whole


@pytest.mark.parametrize(
    ("known", "delta", "sum_"),
    [
        ({}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": "x"}, {"a": "x"}),
        ({"a": "x"}, {"a": None}, {"a": "x"}),
        ({"a": "x"}, {"a": "y"}, {"a": "xy"}),
        (
            {"id": "x", "name": "", "role": "assistant"},
            {"id": "x", "name": "f", "role": ""},
            {"id": "x", "name": "f", "role": "assistant"},
        ),
        ({"a": [1]}, {"a": [2]}, {"a": [1, 2]}),
        ({"a": {"b": "x"}}, {"a": {"b": "y", "c": 1}}, {"a": {"b": "xy", "c": 1}}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": "x"}, {"a": 2}, {"a": 2}),
    ],
)
def test_add(known: dict[str, Any], delta: dict[str, Any], sum_: dict[str, Any]) -> None:
    assert add(known, delta) == sum_


def test_choices_that_are_none_are_passed_over() -> None:
    assert choices_of({"choices": [1, {"index": 0}, None]}) == [{"index": 0}]
    assert choices_of({"choices": None}) == choices_of({}) == []


def test_the_head_is_what_the_chunks_last_said_and_usage_fills_a_gap() -> None:
    chunks = [
        {"id": "c", "model": "m", "tier": None, "choices": [], "obfuscation": "x"},
        {"id": "c", "tier": "flex", "choices": []},
    ]
    body = json.loads(whole(chunks, "kind", lambda pieces: pieces[0], b'{"prompt_tokens":1}'))
    assert body == {
        "id": "c",
        "object": "kind",
        "created": 0,
        "model": "m",
        "choices": [],
        "usage": {"prompt_tokens": 1},
        "tier": "flex",
    }
    estimated = json.loads(whole(chunks, "kind", lambda pieces: pieces[0], b'{"estimated":true}'))
    assert "usage" not in estimated


def test_choices_stand_in_the_order_of_their_index() -> None:
    chunks = [
        {"choices": [{"index": 1, "x": "b"}]},
        {"choices": [{"index": 0, "x": "a"}, {"index": 1, "x": "c"}]},
    ]
    body = json.loads(whole(chunks, "kind", lambda pieces: {"x": [piece["x"] for piece in pieces]}, b""))
    assert body["choices"] == [{"x": ["a"]}, {"x": ["b", "c"]}]


def test_what_follows_done_is_not_read() -> None:
    stream = b'data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: [DONE]\n\ndata: {"error":1}\n\n'
    assert read_chunks(stream) == [{"choices": [{"finish_reason": "stop"}]}]
