"""When tools are called, which, and with what arguments."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from headgate.providers.mocking.calls import function_call, tool_calls
from headgate.providers.mocking.request import Refused
from tests.providers.mocking.asking import TIME, WEATHER, ask

NAMED = {"type": "function", "function": {"name": "lookupTime"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [NAMED]}}


@pytest.mark.parametrize(
    ("text", "fields", "names"),
    [
        ("weather in Paris?", {}, ["get_weather"]),
        ("What time and what weather?", {}, ["get_weather", "lookupTime"]),
        ("What time and what weather?", {"parallel_tool_calls": False}, ["get_weather"]),
        ("hello", {}, []),
        ("get it", {}, []),
        ("weather", {"tool_choice": "none"}, []),
        ("hello", {"tool_choice": "required"}, ["get_weather"]),
        ("what time?", {"tool_choice": "required"}, ["lookupTime"]),
        ("hello", {"tool_choice": NAMED}, ["lookupTime"]),
        ("weather", {"tool_choice": ALLOWED}, ["lookupTime"]),
        ("weather", {"tools": None}, []),
        ("weather", {"tools": "odd"}, []),
    ],
)
def test_which_tools_are_called(text: str, fields: dict[str, Any], names: list[str]) -> None:
    request = ask(text, **({"tools": [WEATHER, TIME]} | fields))
    assert [call["function"]["name"] for call in tool_calls(request, request.dice)] == names


def test_arguments_fit_the_tools_schema_and_take_names_from_the_prompt() -> None:
    request = ask("What is the weather in New York?", tools=[WEATHER])
    (call,) = tool_calls(request, request.dice)
    arguments = json.loads(call["function"]["arguments"])
    assert jsonschema_rs.validator_for(WEATHER["function"]["parameters"]).is_valid(arguments)
    assert arguments["city"] == "New York"
    assert call["id"].startswith("call_")
    assert call["type"] == "function"


def test_after_a_tools_answer_words_follow() -> None:
    messages = [
        {"role": "user", "content": "weather?"},
        {"role": "assistant"},
        {"role": "tool", "content": "12 C"},
    ]
    assert tool_calls(ask(messages=messages, tools=[WEATHER]), ask().dice) == []


def test_a_named_tool_must_be_there() -> None:
    with pytest.raises(Refused) as refusal:
        tool_calls(ask(tools=[WEATHER], tool_choice=NAMED), ask().dice)
    assert refusal.value.param == "tool_choice"


def test_custom_tools_get_text() -> None:
    (call,) = tool_calls(
        ask("run the shell", tools=[{"type": "custom", "custom": {"name": "shell"}}]), ask().dice
    )
    assert (call["type"], call["custom"]) == ("custom", {"name": "shell", "input": "run the shell"})


@pytest.mark.parametrize(
    ("text", "told", "name"),
    [
        ("weather?", None, "get_weather"),
        ("hello", None, None),
        ("weather?", "none", None),
        ("hello", {"name": "get_weather"}, "get_weather"),
    ],
)
def test_the_older_functions(text: str, told: Any, name: str | None) -> None:
    request = ask(text, functions=[WEATHER["function"]], function_call=told)
    made = function_call(request, request.dice)
    assert (made["name"] if made else None) == name
