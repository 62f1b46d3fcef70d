"""A neutral request as a body for a provider of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.chat.writing import write_request
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Blob,
    CacheMark,
    Image,
    Message,
    Opaque,
    Part,
    Request,
    Text,
    Thinking,
    ThinkingWish,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)


def write(
    model: str = "gpt-4o", messages: list[Message] | None = None, **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    fates = Fates()
    request = Request("m", messages or [Message("user", [Text("hi")])], "anthropic", **fields)
    return json.loads(write_request(request, model, fates)), fates.warnings


def test_little_is_written_for_little():
    assert write() == ({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}, [])


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o", "max_tokens"), ("gpt-5-mini", "max_completion_tokens"), ("o3", "max_completion_tokens"),
        ("openai/o4-mini", "max_completion_tokens"), ("llama-3", "max_tokens"), ("gpt-oss-120b", "max_tokens"),
    ],
)  # fmt: skip
def test_the_limit_has_the_name_that_the_model_knows(model: str, name: str):
    assert write(model, max_tokens=5)[0][name] == 5


def test_a_stream_is_asked_to_tell_its_usage():
    body, _ = write(stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_results_of_tools_follow_their_calls_and_come_before_the_users_words():
    parts: list[Part] = [
        Text("and?"),
        ToolResult("a", [Text("1")]),
        ToolResult("b", [Text("2")], is_error=True),
    ]
    body, warnings = write(
        messages=[Message("assistant", [ToolCall("a", "f"), ToolCall("b", "f")]), Message("user", parts)]
    )
    assert [message["role"] for message in body["messages"]] == ["assistant", "tool", "tool", "user"]
    assert body["messages"][2]["content"] == "Error: 2"
    assert warnings == ["messages[1].content.is_error: told in the text of the result"]


def test_an_image_in_a_result_follows_in_the_users_turn():
    result = ToolResult("a", [Text("see"), Image(Blob(url="https://e.org/a"))])
    body, warnings = write(messages=[Message("user", [result])])
    assert [message["role"] for message in body["messages"]] == ["tool", "user"]
    assert body["messages"][1]["content"][-1]["type"] == "image_url"
    assert len(warnings) == 1


def test_thoughts_are_left_out_and_told():
    body, warnings = write(
        messages=[Message("assistant", [Thinking("hm", "s", maker="anthropic"), Text("42")])]
    )
    assert body["messages"] == [{"role": "assistant", "content": "42"}]
    assert warnings[0].startswith("thinking blocks was dropped")


@pytest.mark.parametrize(
    ("wish", "effort"),
    [
        (ThinkingWish("off"), "none"),
        (ThinkingWish("on", budget_tokens=1024), "low"),
        (ThinkingWish("on", budget_tokens=8192), "medium"),
        (ThinkingWish("on", budget_tokens=60000), "xhigh"),
        (ThinkingWish("adaptive", effort="high"), "high"),
        (ThinkingWish("adaptive"), None),
    ],
)
def test_how_much_to_think_is_an_effort(wish: ThinkingWish, effort: str | None):
    assert write(thinking=wish)[0].get("reasoning_effort") == effort


def test_marks_go_to_the_models_that_know_them():
    marked = [Message("user", [Text("long", CacheMark("30m"))])]
    body, warnings = write("gpt-5.6", marked)
    assert body["messages"][0]["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit", "ttl": "30m"}
    assert warnings == []
    body, warnings = write("gpt-4o", marked)
    assert body["messages"][0]["content"] == "long"
    assert warnings[0].startswith("cache_control was dropped")


def test_tools_and_their_choice():
    tools = [Tool("f", "does f", {"type": "object"}, strict=True), Tool("g", custom=True)]
    body, _ = write(tools=tools, tool_choice=ToolChoice("any", allowed=["f"]), parallel_tools=False)
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "does f",
                "parameters": {"type": "object"},
                "strict": True,
            },
        },
        {"type": "custom", "custom": {"name": "g"}},
    ]
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}
    assert body["tool_choice"] == {"type": "allowed_tools", "allowed_tools": allowed}
    assert body["parallel_tool_calls"] is False


def test_a_tool_of_another_server_is_refused():
    with pytest.raises(BadRequest) as told:
        write(tools=[Opaque("anthropic", "bash_20250124", {})])
    assert told.value.param == "tools"


def test_what_another_server_did_is_left_out_of_the_history_and_told():
    body, warnings = write(
        messages=[Message("assistant", [Opaque("anthropic", "server_tool_use", {}), Text("found")])]
    )
    assert body["messages"] == [{"role": "assistant", "content": "found"}]
    assert warnings[0].startswith("server_tool_use in an assistant's message was dropped")


def test_several_texts_are_one_where_most_take_only_one():
    system = Message("system", [Text("a"), Text("b")])
    result = Message("user", [ToolResult("t", [Text("1"), Text("2")])])
    body, _ = write(
        messages=[
            system,
            Message("user", [Text("x"), Text("y")]),
            Message("assistant", [Text("x"), Text("y")]),
            result,
        ]
    )
    contents = [message["content"] for message in body["messages"]]
    assert contents == [
        "a\n\nb",
        [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}],
        "xy",
        "1\n2",
    ]
