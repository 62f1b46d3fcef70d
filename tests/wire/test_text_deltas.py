"""The events of a stream are read as texts of channels, on every wire."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from headgate.wire.sse import read_event
from headgate.wire.text_deltas import closed_by, delta_texts, drop_spelling
from tests.wire import samples
from tests.wire.samples import CHAT, GOOGLE, MESSAGES, RESPONSES


def trees(events: list[bytes]) -> list[Any]:
    found = [read_event(event).data for event in events]
    return [json.loads(data) for data in found if data and data != b"[DONE]"]


@pytest.mark.parametrize("wire", samples.TALKING)
def test_the_pieces_of_a_channel_make_the_text_and_its_end_is_told(wire: str) -> None:
    said: defaultdict[Any, str] = defaultdict(str)
    closed: list[Any] = []
    for tree in trees(samples.stream(wire, ["one ", "two ", "three"])):
        for delta in delta_texts(wire, tree):
            if not delta.whole:
                said[delta.channel] += delta.text
            else:
                assert delta.text == "one two three"
        closed += closed_by(tree)
    assert list(said.values()) == ["one two three"]
    channel = next(iter(said))
    assert any(channel[: len(prefix)] == prefix for prefix in closed)


@pytest.mark.parametrize(
    ("wire", "tree", "expected"),
    [
        (
            CHAT,
            {
                "choices": [
                    {"index": 1, "delta": {"tool_calls": [{"index": 2, "function": {"arguments": '{"a'}}]}}
                ]
            },
            [((1, "tool", 2, "function", "arguments"), '{"a', "tool_call", False)],
        ),
        (
            CHAT,
            {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]},
            [((0, "reasoning_content"), "hm", "thinking", False)],
        ),
        (
            MESSAGES,
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": '{"a'},
            },
            [((1, "partial_json"), '{"a', "tool_call", False)],
        ),
        (
            MESSAGES,
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "thinking_delta", "thinking": "hm"},
            },
            [((0, "thinking"), "hm", "thinking", False)],
        ),
        (
            MESSAGES,
            {
                "type": "content_block_start",
                "index": 2,
                "content_block": {
                    "type": "web_search_tool_result",
                    "content": [{"type": "web_search_result", "title": "T"}],
                },
            },
            [((), "T", "tool", True)],
        ),
        (
            RESPONSES,
            {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"a'},
            [(("response.function_call_arguments.delta", 1, 0), '{"a', "tool_call", False)],
        ),
        (
            RESPONSES,
            {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": '{"a":1}'},
            [((), '{"a":1}', "tool_call", True)],
        ),
        (
            RESPONSES,
            {
                "type": "response.reasoning_summary_text.delta",
                "output_index": 0,
                "summary_index": 1,
                "delta": "hm",
            },
            [(("response.reasoning_summary_text.delta", 0, 1), "hm", "thinking", False)],
        ),
        (
            GOOGLE,
            {
                "candidates": [
                    {
                        "content": {
                            "parts": [
                                {"text": "hm", "thought": True},
                                {"functionCall": {"name": "f", "args": {"a": "x"}}},
                            ]
                        }
                    }
                ]
            },
            [((0, "thinking"), "hm", "thinking", False), ((), "x", "tool_call", True)],
        ),
    ],
)
def test_tools_and_thinking_are_channels_of_their_own(wire: str, tree: Any, expected: list[Any]) -> None:
    assert [(d.channel, d.text, d.role, d.whole) for d in delta_texts(wire, tree)] == expected


def test_an_unknown_wire_is_read_as_what_it_looks_like() -> None:
    for wire in samples.TALKING:
        for tree in trees(samples.stream(wire, ["one"])):
            assert delta_texts("passthrough", tree) == delta_texts(wire, tree)


def test_log_probabilities_would_spell_what_was_taken_out() -> None:
    tree: Any = {
        "choices": [{"logprobs": {"content": [{"token": "secret"}]}}],
        "candidates": [{"logprobsResult": {}}],
    }
    drop_spelling(tree)
    assert tree == {"choices": [{"logprobs": None}], "candidates": [{}]}
