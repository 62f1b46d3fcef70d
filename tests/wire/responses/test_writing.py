"""Neutral requests as responses bodies, held against the SDK's types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Audio,
    Blob,
    CacheMark,
    Document,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Refusal,
    Request,
    Text,
    Thinking,
    ThinkingWish,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headgate.wire.responses.writing import write_request

ASK = Message("user", [Text("hello")])


def written(request: Request, model: str = "gpt-4o") -> tuple[dict[str, Any], list[str]]:
    fates = Fates()
    return json.loads(write_request(request, model, fates)), fates.warnings


def asked(*messages: Message, **more: Any) -> Request:
    return Request("m", list(messages) or [ASK], **more)


TALK = asked(
    Message("system", [Text("be")]),
    Message("system", [Text("brief")]),
    Message("developer", [Text("now")]),
    Message(
        "user",
        [
            Text("see"),
            Image(Blob(url="https://x"), "low"),
            Document(Blob("application/pdf", data="aGk="), "a.pdf"),
        ],
    ),
    Message(
        "assistant",
        [
            Thinking("hm", "gAAA=", id="rs_1", maker="openai"),
            Text("I look"),
            ToolCall("a", "f", "{}"),
            Refusal("no"),
        ],
    ),
    Message(
        "user",
        [
            ToolResult("a", [Text("sun")]),
            ToolResult("b", [Text("x"), Image(Blob("image/png", data="aGk="))]),
            Text("so?"),
        ],
    ),
)
WHOLE = asked(
    stream=True,
    max_tokens=9,
    temperature=0.5,
    top_p=0.9,
    logprobs=True,
    top_logprobs=2,
    user="u",
    metadata={"a": "b"},
    store=True,
    service_tier="flex",
    verbosity="low",
    parallel_tools=False,
    thinking=ThinkingWish(effort="low", show="summary"),
    maker="openai",
    output=OutputFormat("schema", {"type": "object"}, "n", "d"),
    extra={"prompt_cache_key": "k"},
    tools=[
        Tool("f", "d", {"type": "object"}),
        Tool("g", custom=True, grammar={"type": "grammar", "grammar": {"syntax": "lark"}}),
        Opaque("openai", "web_search", {"type": "web_search"}),
    ],
    tool_choice=ToolChoice("any", allowed=["f", "g"]),
)


def test_a_talk_becomes_instructions_and_items():
    body, warnings = written(TALK)
    assert warnings == []
    assert body["instructions"] == "be\n\nbrief"
    assert [item.get("role") or item["type"] for item in body["input"]] == [
        "developer",
        "user",
        "reasoning",
        "assistant",
        "function_call",
        "assistant",
        "function_call_output",
        "function_call_output",
        "user",
    ]
    assert body["input"][2] == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "gAAA=",
        "id": "rs_1",
    }
    assert body["input"][6]["output"] == "sun" and body["input"][7]["output"][1]["type"] == "input_image"
    assert body["input"][1]["content"][2] == {
        "type": "input_file",
        "filename": "a.pdf",
        "file_data": "data:application/pdf;base64,aGk=",
    }


def test_every_field_this_format_has():
    body, warnings = written(WHOLE, "gpt-5")
    assert warnings == []
    assert body["text"] == {
        "verbosity": "low",
        "format": {
            "type": "json_schema",
            "name": "n",
            "schema": {"type": "object"},
            "description": "d",
            "strict": True,
        },
    }
    assert body["tools"][0] == {
        "type": "function",
        "name": "f",
        "description": "d",
        "parameters": {"type": "object"},
        "strict": False,
    }
    assert body["tools"][1]["format"] == {"type": "grammar", "syntax": "lark"}
    assert body["tool_choice"]["tools"] == [
        {"type": "function", "name": "f"},
        {"type": "custom", "name": "g"},
    ]
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert (
        body["max_output_tokens"],
        body["safety_identifier"],
        body["store"],
        body["prompt_cache_key"],
    ) == (9, "u", True, "k")
    assert body["include"] == ["message.output_text.logprobs"]


@pytest.mark.parametrize(
    ("model", "include"),
    [
        ("gpt-5", ["reasoning.encrypted_content"]),
        ("o3-mini", ["reasoning.encrypted_content"]),
        ("gpt-4o", None),
        ("gpt-5-chat-latest", None),
    ],
)
def test_models_that_think_return_their_thoughts_sealed(model: str, include: list[str] | None):
    body, _ = written(asked(), model)
    assert body.get("include") == include and body["store"] is False


def test_losses_are_told():
    _, warnings = written(
        asked(
            Message("user", [Text("x", CacheMark())], name="ann"),
            Message("assistant", [Thinking("hm", "s", maker="anthropic"), Text("y")]),
            Message(
                "user",
                [
                    ToolResult("a", [Text("bad")], is_error=True),
                    Document(Blob(text="t"), context="c", citations=True),
                ],
            ),
            Message("user", [Opaque("anthropic", "search_result", {})]),
            stop=["x"],
            seed=1,
            top_k=3,
            presence_penalty=0.1,
            frequency_penalty=0.1,
            cache=CacheMark(),
            extra={"speed": "fast"},
            tools=[Tool("f", cache=CacheMark())],
            thinking=ThinkingWish("on", 3000),
        )
    )
    for word in (
        "messages[].name",
        "cache_control",
        "thinking blocks",
        "is_error",
        "context",
        "citations",
        "search_result",
        "stop",
        "seed",
        "top_k",
        "presence_penalty",
        "frequency_penalty",
        "speed",
        "tools[].cache_control",
        "budget_tokens",
    ):
        assert any(word in warning for warning in warnings), word


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(choices=2), "n"),
        (asked(modalities=["audio"]), "modalities"),
        (asked(tools=[Opaque("anthropic", "bash", {})]), "tools"),
        (asked(Message("user", [Audio(Blob("audio/wav", data="aGk="))])), "messages[0].content"),
        (asked(Message("user", [Image(Blob(file_id="f", maker="anthropic"))])), "messages[0].content"),
        (asked(Message("user", [Document(Blob(file_id="f", maker="anthropic"))])), "messages[0].content"),
    ],
)
def test_what_would_mean_something_else_is_refused(request_: Request, field: str):
    with pytest.raises(BadRequest) as told:
        write_request(request_, "gpt-4o", Fates())
    assert told.value.param == field
