"""A neutral request as a body for Anthropic's models, old and new."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.anthropic.writing import write_request
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Message,
    Opaque,
    OutputFormat,
    Request,
    Text,
    ThinkingWish,
    Tool,
    ToolChoice,
    ToolResult,
)

USER = Message("user", [Text("hi")])
TOOLS: list[Any] = [Tool("f", "does f", {"type": "object"}), Tool("g")]


def write(
    model: str = "claude-sonnet-4-6", messages: list[Message] | None = None, **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    fates = Fates()
    asked: dict[str, Any] = {"max_tokens": 50000} | fields
    request = Request("m", messages or [USER], "openai", **asked)
    return json.loads(write_request(request, model, fates)), fates.warnings


def test_the_required_limit_is_filled_in_and_told():
    body, warnings = write(max_tokens=None)
    assert body["max_tokens"] == 32000
    assert warnings[0].startswith("max_tokens: not given")


def test_first_system_texts_are_the_system_and_later_ones_stay_where_the_model_knows_them():
    messages = [
        Message("system", [Text("a")]),
        Message("developer", [Text("b")]),
        USER,
        Message("system", [Text("c")]),
    ]
    body, warnings = write("claude-opus-4-8", messages)
    assert [block["text"] for block in body["system"]] == ["a", "b"]
    assert [turn["role"] for turn in body["messages"]] == ["user", "system"] and warnings == []
    body, warnings = write("claude-sonnet-4-5", messages)
    assert [block["text"] for block in body["system"]] == ["a", "b", "c"]
    assert warnings == ["messages[].role: a later system message was moved to the front"]


def test_turns_of_one_role_are_one_and_results_come_first():
    body, _ = write(messages=[USER, Message("user", [Text("and"), ToolResult("t", [Text("1")])])])
    assert [block["type"] for block in body["messages"][0]["content"]] == ["tool_result", "text", "text"]


def test_a_call_without_a_turn_is_refused():
    with pytest.raises(BadRequest) as told:
        write(messages=[Message("system", [Text("a")])])
    assert told.value.param == "messages"


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({"tool_choice": ToolChoice("any")}, {"type": "any"}),
        ({"tool_choice": ToolChoice("tool", "f")}, {"type": "tool", "name": "f"}),
        ({"tool_choice": ToolChoice("none"), "parallel_tools": False}, {"type": "none"}),
        ({"parallel_tools": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"parallel_tools": True}, None),
    ],
)
def test_choice_of_tools(fields: dict[str, Any], choice: Any):
    assert write(tools=TOOLS, **fields)[0].get("tool_choice") == choice


def test_tools_that_are_not_allowed_are_left_out():
    body, warnings = write(tools=TOOLS, tool_choice=ToolChoice("auto", allowed=["g"]))
    assert body["tools"] == [{"name": "g", "input_schema": {"type": "object", "properties": {}}}]
    assert len(warnings) == 1


def test_tools_that_cannot_run_there_are_refused():
    with pytest.raises(BadRequest) as told:
        write(tools=[Opaque("openai", "web_search", {})])
    assert told.value.param == "tools"


def test_sampling_is_sent_to_the_models_that_take_it():
    assert write("claude-sonnet-4-5", temperature=0.5)[0]["temperature"] == 0.5
    body, warnings = write("claude-opus-5", temperature=0.5, top_p=0.9)
    assert "temperature" not in body and len(warnings) == 2
    body, warnings = write("claude-sonnet-4-5", temperature=1.5)
    assert body["temperature"] == 1 and len(warnings) == 1
    body, _ = write("claude-sonnet-4-5", temperature=0.5, thinking=ThinkingWish("on", 2000))
    assert "temperature" not in body


def test_the_shape_of_the_answer_is_held_or_asked_for():
    shape = OutputFormat("schema", {"type": "object"})
    body, warnings = write("claude-sonnet-4-5", output=shape)
    assert (
        body["output_config"]["format"] == {"type": "json_schema", "schema": {"type": "object"}}
        and warnings == []
    )
    body, warnings = write("claude-3-5-haiku-latest", output=shape)
    assert '{"type":"object"}' in body["system"] and len(warnings) == 1
    body, warnings = write(output=OutputFormat("json"))
    assert "JSON object" in body["system"] and len(warnings) == 1


@pytest.mark.parametrize(
    ("fields", "param"), [({"choices": 2}, "n"), ({"modalities": ["audio"]}, "modalities")]
)
def test_what_it_cannot_do_is_refused(fields: dict[str, Any], param: str):
    with pytest.raises(BadRequest) as told:
        write(**fields)
    assert told.value.param == param


def test_the_end_user_is_named_and_the_rest_is_told():
    body, warnings = write(
        user="u", seed=1, metadata={"a": "b"}, store=True, service_tier="flex", extra={"logit_bias": {}}
    )
    assert body["metadata"] == {"user_id": "u"}
    assert [warning.split(" ")[0] for warning in warnings] == [
        "seed",
        "store",
        "metadata",
        "service_tier",
        "logit_bias",
    ]
