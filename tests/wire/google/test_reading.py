"""Requests of Google's clients in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.google.reading import read_request
from headgate.wire.neutral import (
    Message,
    Opaque,
    OutputFormat,
    Request,
    Text,
    Thinking,
    ThinkingWish,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

ASK: dict[str, Any] = {"role": "user", "parts": [{"text": "hi"}]}


def read(**fields: Any) -> Request:
    return read_request(json.dumps({"contents": [ASK]} | fields).encode())


@pytest.mark.parametrize("name", ["systemInstruction", "system_instruction"])
@pytest.mark.parametrize(
    "value", ["be brief", {"parts": [{"text": "be brief"}]}, {"parts": {"text": "be brief"}}]
)
def test_the_system_comes_first(name: str, value: Any):
    assert read(**{name: value}).messages == [
        Message("system", [Text("be brief")]),
        Message("user", [Text("hi")]),
    ]


def test_a_talk_with_tools():
    request = read(contents=[
        ASK,
        {"role": "model", "parts": [{"text": "hm ", "thought": True}, {"text": "so", "thought": True, "thoughtSignature": "c2ln"},
                                    {"text": "I "}, {"text": "look"}, {"functionCall": {"name": "f", "args": {}, "id": "1"}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "id": "1", "response": {"output": "a"}}}]},
        {"role": "function", "parts": [{"functionResponse": {"name": "f", "response": {"output": "b"}}}]},
    ])  # fmt: skip
    assert request.messages[1] == Message(
        "assistant", [Thinking("hm so", "c2ln", maker="google"), Text("I look"), ToolCall("1", "f", "{}")]
    )
    assert [type(part) for part in request.messages[2].parts] == [ToolResult, ToolResult]


def test_the_config_is_read_in_either_spelling():
    config = {"temperature": 0.5, "top_p": 0.9, "topK": 40, "maxOutputTokens": 9, "candidate_count": 2, "stopSequences": ["x"],
              "seed": 1,
              "responseLogprobs": True, "logprobs": 3, "presencePenalty": 0.1, "frequency_penalty": 0.2,
              "responseModalities": ["TEXT"]}  # fmt: skip
    request = read(generation_config=config)
    assert (request.temperature, request.top_p, request.top_k, request.max_tokens, request.choices) == (
        0.5,
        0.9,
        40,
        9,
        2,
    )
    assert (request.stop, request.seed, request.logprobs, request.top_logprobs) == (["x"], 1, True, 3)
    assert (request.presence_penalty, request.frequency_penalty, request.modalities) == (0.1, 0.2, ["text"])


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"responseMimeType": "application/json"}, OutputFormat("json")),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
            OutputFormat("schema", {"type": "object"}),
        ),
        (
            {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
            OutputFormat("schema", {"type": "object"}),
        ),
        ({"responseMimeType": "text/plain"}, None),
    ],
)
def test_the_form_of_the_answer(config: dict[str, Any], output: OutputFormat | None):
    assert read(generationConfig=config).output == output


@pytest.mark.parametrize(
    ("config", "wish"),
    [
        ({"thinkingBudget": 0}, ThinkingWish("off")),
        ({"thinkingBudget": -1}, ThinkingWish("adaptive")),
        ({"thinkingBudget": 2048, "includeThoughts": True}, ThinkingWish("on", 2048, show="summary")),
        ({"thinkingLevel": "LOW"}, ThinkingWish(effort="low")),
    ],
)
def test_how_much_to_think(config: dict[str, Any], wish: ThinkingWish):
    assert read(generationConfig={"thinkingConfig": config}).thinking == wish


def test_tools_of_both_kinds():
    request = read(tools=[
        {"functionDeclarations": [{"name": "f", "description": "d",
                                   "parameters": {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}}},
                                  {"name": "g", "parametersJsonSchema": {"type": "object"}}]},
        {"google_search": {}},
    ])  # fmt: skip
    assert request.tools == [
        Tool("f", "d", {"type": "object", "properties": {"a_b": {"type": "string"}}}), Tool("g", schema={"type": "object"}),
        Opaque("google", "googleSearch", {"googleSearch": {}}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "ANY"}, ToolChoice("any")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice("tool", "f")),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ToolChoice("any", allowed=["f", "g"])),
        ({"mode": "NONE"}, ToolChoice("none")),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, ToolChoice("auto", allowed=["f"])),
    ],
)
def test_which_tool(config: dict[str, Any], choice: ToolChoice):
    assert read(toolConfig={"functionCallingConfig": config}).tool_choice == choice


def test_what_only_google_knows_is_told_as_lost():
    request = read(
        safetySettings=[{"category": "x"}],
        generationConfig={"speechConfig": {}, "imageConfig": {"aspectRatio": "1:1"}},
    )
    assert {"safetySettings", "generationConfig.speechConfig", "generationConfig.imageConfig"} <= set(
        request.lost
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
        ({"contents": "x"}, "contents"),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"generationConfig": {"topP": "x"}}, "generationConfig.topP"),
    ],
)
def test_errors_name_the_field(fields: dict[str, Any], param: str):
    with pytest.raises(BadRequest) as told:
        read(**fields)
    assert told.value.param == param
