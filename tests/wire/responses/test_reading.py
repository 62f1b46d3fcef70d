"""Responses requests in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
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
from headgate.wire.responses.reading import read_request
from headgate.wire.seals import Seal, sealed


def read(**fields: Any) -> Request:
    return read_request(json.dumps({"model": "m", "input": "hi"} | fields).encode())


def test_a_text_is_a_message_of_the_user():
    request = read(instructions="be brief")
    assert request.messages == [Message("system", [Text("be brief")]), Message("user", [Text("hi")])]
    assert request.include_usage


def test_a_talk_with_tools_and_reasoning():
    request = read(
        input=[
            {"role": "user", "content": "weather?"},
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "hm"}],
                "encrypted_content": "gAAA=",
            },
            {
                "type": "message",
                "role": "assistant",
                "id": "msg_1",
                "status": "completed",
                "content": [
                    {"type": "output_text", "text": "I look", "annotations": []},
                    {"type": "refusal", "refusal": "no"},
                ],
            },
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}", "id": "fc_1"},
            {"type": "custom_tool_call", "call_id": "b", "name": "g", "input": "free"},
            {"type": "function_call_output", "call_id": "a", "output": "sun"},
            {
                "type": "custom_tool_call_output",
                "call_id": "b",
                "output": [{"type": "input_text", "text": "ok"}],
            },
            {"role": "user", "content": [{"type": "input_text", "text": "so?"}]},
        ]
    )
    assert request.messages == [
        Message("user", [Text("weather?")]),
        Message(
            "assistant",
            [
                Thinking("hm", "gAAA=", id="rs_1", maker="openai"),
                Text("I look", maker="openai"),
                Refusal("no"),
                ToolCall("a", "f", "{}"),
                ToolCall("b", "g", "free", custom=True),
            ],
        ),
        Message(
            "user",
            [ToolResult("a", [Text("sun")]), ToolResult("b", [Text("ok", maker="openai")], custom=True)],
        ),
        Message("user", [Text("so?", maker="openai")]),
    ]


def test_seals_of_other_makers_open_again():
    request = read(
        input=[
            {
                "type": "reasoning",
                "id": "x",
                "summary": [{"type": "summary_text", "text": "hm"}],
                "encrypted_content": sealed(Seal("anthropic", "signature", "sig")),
            },
            {
                "type": "reasoning",
                "id": "y",
                "summary": [],
                "encrypted_content": sealed(Seal("anthropic", "redacted", "r")),
            },
            {
                "type": "reasoning",
                "id": "z",
                "summary": [],
                "encrypted_content": sealed(Seal("google", "call", "c2ln")),
            },
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        ]
    )
    assert request.messages[0].parts == [
        Thinking("hm", "sig", maker="anthropic"),
        Thinking(redacted="r", maker="anthropic"),
        ToolCall("a", "f", "{}", signature="c2ln"),
    ]


def test_media():
    (message,) = read(
        input=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "input_image",
                        "image_url": "data:image/png;base64,aGk=",
                        "detail": "low",
                        "prompt_cache_breakpoint": {"mode": "explicit"},
                    },
                    {"type": "input_image", "file_id": "file-1"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "aGk="},
                    {"type": "input_file", "file_url": "https://x/a.pdf"},
                    {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
                ],
            }
        ]
    ).messages
    assert message.parts == [
        Image(Blob("image/png", data="aGk="), "low", CacheMark()),
        Image(Blob(file_id="file-1", maker="openai")),
        Document(Blob("application/pdf", data="aGk="), "a.pdf"),
        Document(Blob("application/pdf", url="https://x/a.pdf")),
        Audio(Blob("audio/wav", data="aGk=")),
    ]


def test_what_only_openai_runs_is_kept_as_it_is():
    request = read(
        input=[{"type": "web_search_call", "id": "ws"}, {"type": "computer_call_output", "call_id": "c"}],
        tools=[{"type": "web_search"}],
    )
    assert [message.role for message in request.messages] == ["assistant", "user"]
    assert request.tools == [Opaque("openai", "web_search", {"type": "web_search"})]


def test_the_rest_of_the_fields():
    request = read(
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_logprobs=2,
        parallel_tool_calls=False,
        store=False,
        user="u",
        metadata={"a": 1},
        service_tier="flex",
        reasoning={"effort": "low", "summary": "auto"},
        prompt_cache_key="k",
        max_tool_calls=3,
        text={
            "verbosity": "low",
            "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True},
        },
        tools=[
            {"type": "function", "name": "f", "parameters": {}, "strict": True, "defer_loading": True},
            {
                "type": "custom",
                "name": "g",
                "format": {"type": "grammar", "syntax": "lark", "definition": "d"},
            },
        ],
    )
    assert (
        request.max_tokens,
        request.temperature,
        request.top_p,
        request.top_logprobs,
        request.logprobs,
    ) == (9, 0.5, 0.9, 2, True)
    assert (request.parallel_tools, request.store, request.user, request.metadata) == (
        False,
        False,
        "u",
        {"a": "1"},
    )
    assert request.thinking == ThinkingWish(effort="low", show="summary")
    assert request.output == OutputFormat("schema", {"type": "object"}, "n", "", strict=True)
    assert request.tools[0] == Tool("f", schema={}, strict=True)
    assert isinstance(request.tools[1], Tool) and request.tools[1].grammar == {
        "type": "grammar",
        "grammar": {"syntax": "lark", "definition": "d"},
    }
    assert request.extra == {"prompt_cache_key": "k"} and request.lost == ["max_tool_calls"]


@pytest.mark.parametrize(
    ("told", "choice"),
    [
        ("required", ToolChoice("any")),
        ({"type": "function", "name": "f"}, ToolChoice("tool", "f")),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice("any", allowed=["f"]),
        ),
    ],
)
def test_which_tool(told: Any, choice: ToolChoice):
    assert read(tool_choice=told).tool_choice == choice


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"model": None}, "model"),
        ({"input": [{"role": "nobody", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"reasoning": {"effort": "much"}}, "reasoning.effort"),
        ({"tool_choice": "some"}, "tool_choice"),
        ({"tool_choice": {"type": "web_search_preview"}}, "tool_choice"),
        ({"instructions": ["x"]}, "instructions"),
    ],
)
def test_errors_name_the_field(fields: dict[str, Any], param: str):
    with pytest.raises(BadRequest) as told:
        read(**fields)
    assert told.value.param == param
