"""Tools are found by name on every wire: offered in requests, called in answers and in the events of streams."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.testing.clock import FixedClock
from headgate.wire.tools import called_tools, offered_tools, withdraw_tools
from tests.record.cache.calls import make_call

CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
ANTHROPIC = [{"name": "a", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}]
GOOGLE = [{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}, {"googleSearch": {}}]
RESPONSES = [
    {"type": "function", "name": "a"},
    {"type": "web_search"},
    {"type": "mcp", "server_label": "files"},
]


@pytest.mark.parametrize(
    ("wire", "body", "names"),
    [
        (
            "openai.chat",
            {
                "tools": [
                    {"type": "function", "function": {"name": "a"}},
                    {"type": "custom", "custom": {"name": "b"}},
                ]
            },
            ["a", "b"],
        ),
        ("openai.chat", {"functions": [{"name": "a"}]}, ["a"]),
        ("anthropic.messages", {"tools": ANTHROPIC}, ["a", "web_search"]),
        ("openai.responses", {"tools": RESPONSES}, ["a", "web_search", "files"]),
        ("google.generate", {"tools": GOOGLE}, ["a", "b", "googleSearch"]),
        ("openai.chat", {"tools": "x"}, []),
    ],
)
def test_offered(clock: FixedClock, wire: Any, body: dict[str, Any], names: list[str]) -> None:
    call = make_call(CHAT | body, clock=clock)
    call.wire = wire
    assert offered_tools(call) == names


@pytest.mark.parametrize("tools", [ANTHROPIC, GOOGLE, RESPONSES])
def test_withdrawn(clock: FixedClock, tools: list[Any]) -> None:
    call = make_call(CHAT | {"tools": tools, "tool_choice": "auto"}, clock=clock)
    withdraw_tools(call, lambda name: name == "a")
    assert "a" not in offered_tools(call) and offered_tools(call)
    withdraw_tools(call, lambda _name: True)
    assert json.loads(call.body) == CHAT


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        (
            {
                "choices": [
                    {"message": {"tool_calls": [{"function": {"name": "a", "arguments": '{"name": "no"}'}}]}}
                ]
            },
            ["a"],
        ),
        ({"choices": [{"message": {"function_call": {"name": "a"}}}]}, ["a"]),
        (
            {
                "choices": [
                    {"delta": {"tool_calls": [{"index": 0, "function": {"name": "a", "arguments": ""}}]}}
                ]
            },
            ["a"],
        ),
        ({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]}}]}, []),
        (
            {
                "content": [
                    {"type": "text", "text": "x"},
                    {"type": "tool_use", "name": "a", "input": {"name": "no"}},
                ]
            },
            ["a"],
        ),
        (
            {
                "type": "content_block_start",
                "content_block": {"type": "server_tool_use", "name": "web_search"},
            },
            ["web_search"],
        ),
        (
            {"output": [{"type": "function_call", "name": "a"}, {"type": "web_search_call"}]},
            ["a", "web_search"],
        ),
        ({"type": "response.output_item.added", "item": {"type": "function_call", "name": "a"}}, ["a"]),
        (
            {
                "candidates": [
                    {"content": {"parts": [{"functionCall": {"name": "a", "args": {"name": "no"}}}]}}
                ]
            },
            ["a"],
        ),
        ({"type": "response.output_text.delta", "delta": "x"}, []),
        (None, []),
    ],
)
def test_called(tree: Any, names: list[str]) -> None:
    assert called_tools(tree) == names
