"""What a chat completions request says in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.chat.reading import read_request
from headgate.wire.neutral import (
    Message,
    Opaque,
    OutputFormat,
    Request,
    Text,
    ThinkingWish,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

USER: dict[str, Any] = {"role": "user", "content": "hi"}
ALLOWED: dict[str, Any] = {
    "type": "allowed_tools",
    "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]},
}


def read(**fields: Any) -> Request:
    return read_request(json.dumps({"model": "m", "messages": [USER]} | fields).encode())


def test_results_of_parallel_calls_are_one_turn_of_the_user():
    request = read(messages=[
        USER,
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"x":1}'}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]},
    ])  # fmt: skip
    assert request.messages[1:] == [
        Message("assistant", [ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"x":1}')]),
        Message("user", [ToolResult("a", [Text("1")]), ToolResult("b", [Text("2")])]),
    ]


def test_the_older_functions_are_tools_that_are_called_one_at_a_time():
    request = read(
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
        messages=[
            USER,
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "42"},
        ],
    )
    assert request.functions and request.parallel_tools is False
    assert request.tools == [Tool("f", schema={"type": "object"})]
    assert request.tool_choice == ToolChoice("tool", "f")
    call, result = request.messages[1].parts[0], request.messages[2].parts[0]
    assert isinstance(call, ToolCall) and isinstance(result, ToolResult) and call.id == result.call_id


@pytest.mark.parametrize(
    ("told", "choice"),
    [
        ("auto", ToolChoice("auto")),
        ("required", ToolChoice("any")),
        ("none", ToolChoice("none")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("tool", "f")),
        (ALLOWED, ToolChoice("any", allowed=["f"])),
    ],
)  # fmt: skip
def test_choice_of_tools(told: Any, choice: ToolChoice):
    assert read(tool_choice=told).tool_choice == choice


def test_how_much_to_think():
    assert read(reasoning_effort="none").thinking == ThinkingWish("off", effort="none")
    assert read(reasoning_effort="high").thinking == ThinkingWish(effort="high")


def test_the_shape_of_the_answer():
    told = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True}}
    assert read(response_format=told).output == OutputFormat("schema", {"type": "object"}, "a", strict=True)
    assert read(response_format={"type": "json_object"}).output == OutputFormat("json")


def test_the_newer_limit_wins():
    assert read(max_tokens=1, max_completion_tokens=2).max_tokens == 2


def test_what_has_no_neutral_meaning_is_kept_by_name():
    assert read(logit_bias={"1": 2}, next_year=1).extra == {"logit_bias": {"1": 2}, "next_year": 1}


def test_a_tool_of_the_providers_server_is_opaque():
    assert read(tools=[{"type": "web_search"}]).tools == [
        Opaque("openai", "web_search", {"type": "web_search"})
    ]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].image_url",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], param: str):
    with pytest.raises(BadRequest) as told:
        read(**fields)
    assert told.value.param == param
