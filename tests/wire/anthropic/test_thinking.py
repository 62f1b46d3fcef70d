"""How much to think reaches each generation of models in its own words, and not where it would be refused."""

from __future__ import annotations

import json
from typing import Any

from headgate.wire.anthropic.writing import write_request
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Message,
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
    model: str, messages: list[Message] | None = None, **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    fates = Fates()
    asked: dict[str, Any] = {"max_tokens": 50000} | fields
    request = Request("m", messages or [Message("user", [Text("hi")])], "openai", **asked)
    return json.loads(write_request(request, model, fates)), fates.warnings


def test_new_models_think_by_effort_and_old_ones_by_budget():
    wish = ThinkingWish(effort="medium")
    body, _ = write("claude-opus-4-8", thinking=wish)
    assert (body["thinking"], body["output_config"]) == ({"type": "adaptive"}, {"effort": "medium"})
    body, warnings = write("claude-sonnet-4-5", thinking=wish)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 8192} and "output_config" not in body
    assert warnings == ["reasoning_effort: sent as a thinking budget of 8192 tokens"]
    body, warnings = write("claude-sonnet-4-5", thinking=wish, max_tokens=500)
    assert "thinking" not in body and "was dropped" in warnings[0]
    assert write("claude-opus-4-8", thinking=ThinkingWish("off"))[0]["thinking"] == {"type": "disabled"}
    body, warnings = write("claude-opus-4-8", thinking=ThinkingWish("on", budget_tokens=2000, show="none"))
    assert body["thinking"] == {"type": "adaptive", "display": "omitted"} and body["output_config"] == {
        "effort": "low"
    }


def test_who_must_call_a_tool_does_not_think():
    forced = ToolChoice("any")
    body, warnings = write(
        "claude-opus-4-8", tools=[Tool("f")], tool_choice=forced, thinking=ThinkingWish(effort="high")
    )
    assert "thinking" not in body and "must call a tool" in warnings[0]
    assert "thinking" in write("claude-opus-4-8", tools=[Tool("f")], thinking=ThinkingWish(effort="high"))[0]


def test_a_budget_needs_the_thoughts_before_the_call():
    wish = ThinkingWish(effort="high")
    result = Message("user", [ToolResult("t", [Text("1")])])
    bare = [Message("user", [Text("hi")]), Message("assistant", [ToolCall("t", "f")]), result]
    signed = [
        Message("user", [Text("hi")]),
        Message("assistant", [Thinking("hm", "s", maker="anthropic"), ToolCall("t", "f")]),
        result,
    ]
    body, warnings = write("claude-sonnet-4-5", bare, thinking=wish)
    assert "thinking" not in body and "without its signed thoughts" in warnings[0]
    assert "thinking" in write("claude-sonnet-4-5", signed, thinking=wish)[0]
    assert "thinking" in write("claude-opus-4-8", bare, thinking=wish)[0]
