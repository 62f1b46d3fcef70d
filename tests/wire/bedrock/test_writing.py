"""Neutral requests as bodies of Converse, held against botocore's own model of the service."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from headgate.kernel.errors import BadRequest
from headgate.wire.bedrock.writing import write_request
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Blob,
    CacheMark,
    Document,
    Image,
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

MODEL = "anthropic.claude-sonnet-4-5-v1:0"
SHAPE: Any = (
    botocore.session.get_session()
    .get_service_model("bedrock-runtime")
    .operation_model("ConverseStream")
    .input_shape
)
ASK = Message("user", [Text("hello")])
LOOK = Tool("look", "looks", {"type": "object", "properties": {"at": {"type": "string"}}})


def written(request: Request, model: str = MODEL) -> tuple[dict[str, Any], list[str]]:
    fates = Fates()
    body = json.loads(write_request(request, model, fates))
    report = ParamValidator().validate({"modelId": model, **body}, SHAPE)
    assert not report.has_errors(), report.generate_report()
    return body, fates.warnings


def asked(*messages: Message, **more: Any) -> Request:
    return Request("m", list(messages) or [ASK], **more)


def test_everything_botocore_knows_is_sent_as_it_knows_it():
    request = asked(
        Message("system", [Text("be brief", CacheMark("1h"))]), ASK,
        Message("assistant", [Thinking("hm", "sig", maker="anthropic"), Text("I look"), ToolCall("c!1", "look", '{"at":"x"}')]),
        Message("user", [ToolResult("c!1", [Text("sun"), Image(Blob("image/png", data="aGk="))], is_error=True), Text("so?")]),
        Message("user", [Document(Blob("application/pdf", data="aGk="), "a.b.pdf", citations=True)]),
        max_tokens=5000, temperature=0.5, top_p=0.9, top_k=4, stop=["x"], tools=[LOOK], tool_choice=ToolChoice("any"),
        output=OutputFormat("schema", {"type": "object"}, "person"), thinking=ThinkingWish("on", 2048), metadata={"a": "b"},
        service_tier="flex",
    )  # fmt: skip
    body, warnings = written(request)
    assert warnings == []
    assert body["system"] == [{"text": "be brief"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][2]["toolUse"] == {
        "toolUseId": "c_1",
        "name": "look",
        "input": {"at": "x"},
    }
    assert body["messages"][2]["content"][0]["toolResult"]["status"] == "error"
    assert body["messages"][2]["content"][2]["document"]["name"] == "ab"
    assert body["inferenceConfig"] == {
        "maxTokens": 5000,
        "temperature": 0.5,
        "topP": 0.9,
        "stopSequences": ["x"],
    }
    assert body["additionalModelRequestFields"] == {
        "top_k": 4,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
    }
    assert json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]) == {
        "type": "object"
    }


def test_tools_that_must_not_be_used_are_left_out():
    body, _ = written(asked(tools=[LOOK], tool_choice=ToolChoice("none")))
    assert "toolConfig" not in body
    used = [
        ASK,
        Message("assistant", [ToolCall("c", "look", "{}")]),
        Message("user", [ToolResult("c", [Text("x")])]),
    ]
    body, warnings = written(asked(*used, tools=[LOOK], tool_choice=ToolChoice("none")))
    assert body["toolConfig"]["tools"] and "tool_choice was dropped" in warnings[0]


def test_any_json_is_asked_for_in_words():
    body, _ = written(asked(output=OutputFormat("json")))
    assert "JSON" in body["system"][-1]["text"]


def test_a_later_system_message_moves_to_the_front_and_that_is_told():
    body, warnings = written(asked(ASK, Message("developer", [Text("now brief")]), ASK))
    assert body["system"] == [{"text": "now brief"}]
    assert "moved to the front" in warnings[0]


def test_thoughts_of_other_makers_do_not_travel():
    body, warnings = written(
        asked(ASK, Message("assistant", [Thinking("hm", "x", maker="openai"), Text("a")]))
    )
    assert body["messages"][1]["content"] == [{"text": "a"}]
    assert "thinking blocks was dropped" in warnings[0]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(choices=2), "n"),
        (asked(modalities=["audio"]), "modalities"),
        (asked(tools=[Tool("t", custom=True)]), "tools"),
        (asked(tools=[Opaque("openai", "web_search", {})]), "tools"),
        (asked(Message("user", [Image(Blob(url="https://x/y.png"))])), "messages[0].content"),
        (asked(Message("system", [Text("s")])), "messages"),
        (asked(Message("system", [Image(Blob("image/png", data="aGk="))]), ASK), "messages[0].content"),
    ],
)
def test_what_would_mean_something_else_is_refused(request_: Request, field: str):
    with pytest.raises(BadRequest) as told:
        write_request(request_, MODEL, Fates())
    assert told.value.param == field


def test_other_models_are_not_told_how_much_to_think():
    body, warnings = written(asked(thinking=ThinkingWish("on", 2048), top_k=3), model="amazon.nova-pro-v1:0")
    assert "additionalModelRequestFields" not in body
    assert len(warnings) == 2
