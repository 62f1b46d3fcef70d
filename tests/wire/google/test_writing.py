"""Neutral requests as bodies of generateContent, held against the types of Google's SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types

from headgate.kernel.errors import BadRequest
from headgate.wire.codec import Fates
from headgate.wire.google.writing import write_request
from headgate.wire.neutral import (
    CacheMark,
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

ASK = Message("user", [Text("hello")])
LOOK = Tool("look", "looks", {"type": "object", "properties": {"at": {"type": "string"}}})


def written(request: Request, model: str = "gemini-2.5-flash") -> tuple[dict[str, Any], list[str]]:
    fates = Fates()
    body = json.loads(write_request(request, model, fates))
    for content in body["contents"]:
        types.Content.model_validate(content)
    types.GenerationConfig.model_validate(body.get("generationConfig", {}))
    for tool in body.get("tools", []):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(body.get("toolConfig", {}))
    return body, fates.warnings


def asked(*messages: Message, **more: Any) -> Request:
    return Request("m", list(messages) or [ASK], **more)


def test_everything_google_knows_is_sent():
    request = asked(
        Message("system", [Text("be brief")]), ASK, Message("assistant", [ToolCall("c", "look", '{"at":"x"}')]),
        Message("user", [ToolResult("c", [Text("sun")])]), Message("user", [Text("so?")]),
        max_tokens=9, temperature=0.5, top_p=0.9, top_k=4, stop=["x"], choices=2, seed=1, presence_penalty=0.1,
        frequency_penalty=0.2, logprobs=True, top_logprobs=2, tools=[LOOK], tool_choice=ToolChoice("tool", "look"),
        output=OutputFormat("schema", {"type": "object"}), thinking=ThinkingWish("on", 2048, show="summary"),
    )  # fmt: skip
    body, warnings = written(request)
    assert warnings == []
    assert body["systemInstruction"] == {"parts": [{"text": "be brief"}]}
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == "look"
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}}
    assert body["generationConfig"]["responseJsonSchema"] == {"type": "object"}
    assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": 2048}


def test_calls_that_google_did_not_make_are_marked_for_models_that_ask_for_signatures():
    talk = [ASK, Message("assistant", [ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")])]
    body, _ = written(asked(*talk), "gemini-3-pro-preview")
    first, second = body["contents"][1]["parts"]
    assert (
        first["thoughtSignature"] == "skip_thought_signature_validator" and "thoughtSignature" not in second
    )
    talk[1].parts[0] = ToolCall("a", "f", "{}", signature="c2ln")
    body, _ = written(asked(*talk), "gemini-3-pro-preview")
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


@pytest.mark.parametrize(
    ("wish", "model", "config"),
    [
        (ThinkingWish(effort="high"), "gemini-3-pro", {"thinkingLevel": "HIGH"}),
        (ThinkingWish("on", 1000), "gemini-3-pro", {"thinkingLevel": "MINIMAL"}),
        (ThinkingWish(effort="high"), "gemini-2.5-pro", {"thinkingBudget": 24576}),
        (ThinkingWish("off"), "gemini-2.5-flash", {"thinkingBudget": 0}),
        (ThinkingWish("adaptive"), "gemini-2.5-flash", {"thinkingBudget": -1}),
    ],
)
def test_how_much_to_think_in_the_words_of_the_model(wish: ThinkingWish, model: str, config: dict[str, Any]):
    body, _ = written(asked(thinking=wish), model)
    assert body["generationConfig"]["thinkingConfig"] == config


def test_losses_are_told():
    request = asked(
        Message("user", [Text("x", CacheMark())], name="ann"), Message("developer", [Text("now")]), user="u", metadata={"a": "b"},
        store=True, verbosity="low", service_tier="default", parallel_tools=False, tools=[Tool("f", strict=True)],
        cache=CacheMark(), extra={"logit_bias": {}},
    )  # fmt: skip
    body, warnings = written(request)
    assert body["systemInstruction"]["parts"] == [{"text": "now"}]
    for word in ("messages[].name", "cache_control", "moved to the front", "user", "metadata", "store", "verbosity",
                 "service_tier", "parallel_tool_calls", "tools[].strict", "logit_bias"):  # fmt: skip
        assert any(word in warning for warning in warnings), word


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(modalities=["audio"]), "modalities"),
        (asked(tools=[Tool("f", custom=True)]), "tools"),
        (asked(tools=[Opaque("openai", "web_search", {})]), "tools"),
        (asked(Message("system", [Text("s")])), "messages"),
    ],
)
def test_what_would_mean_something_else_is_refused(request_: Request, field: str):
    with pytest.raises(BadRequest) as told:
        write_request(request_, "gemini-2.5-flash", Fates())
    assert told.value.param == field
