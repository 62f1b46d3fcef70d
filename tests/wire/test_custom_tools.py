"""A tool that takes free text reaches a provider that knows functions only, and its calls come back as they should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.wire.codec import Fates
from headgate.wire.custom_tools import with_functions_only
from headgate.wire.neutral import Choice, Reply, Request, Text, Tool, ToolCall
from headgate.wire.openai_chat import SPEC
from headgate.wire.translate import Translation
from tests.wire.calls import chat_call
from tests.wire.neutral_forms import stream_of

TOOL = {"type": "custom", "custom": {"name": "patch", "description": "edits", "format": {"type": "grammar"}}}
CALLED = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": '*** a "b"'}}


def translation(**fields: Any) -> tuple[Translation, Call]:
    call = chat_call(max_tokens=5, tools=[TOOL], **fields)
    return Translation(call, SPEC, "anthropic.messages", "claude-sonnet-5"), call


def test_it_is_offered_as_a_function_and_told():
    asked, call = translation()
    tool = json.loads(asked.body)["tools"][0]
    assert (tool["name"], tool["input_schema"]["required"]) == ("patch", ["input"])
    assert "grammar" in tool["description"]
    assert call.warnings == ["tools[].custom: offered as a function with one text, its grammar in words"]


def test_earlier_calls_are_written_as_the_function_was_called():
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": [CALLED]},
               {"role": "tool", "tool_call_id": "c", "content": "done"}]  # fmt: skip
    asked, _ = translation(messages=history)
    assert json.loads(asked.body)["messages"][1]["content"][0]["input"] == {
        "input": CALLED["custom"]["input"]
    }


def test_its_calls_come_back_as_calls_of_the_tool_whole_and_streamed():
    asked, _ = translation()
    arguments = json.dumps({"input": CALLED["custom"]["input"]})
    told = Reply(
        "r",
        "m",
        [Choice([Text("I edit."), ToolCall("c", "patch", arguments), ToolCall("d", "other", "{}")], "tool")],
    )
    body = stream_of("anthropic.messages", told)
    stream = asked.stream()
    out = (stream.feed(body) + stream.finish()).decode()
    calls: dict[int, dict[str, Any]] = {}
    for line in out.split("\n\n"):
        for choice in json.loads(line[6:])["choices"] if line.startswith("data: {") else []:
            for call in choice["delta"].get("tool_calls", []):
                known = calls.setdefault(call["index"], {"input": "", "arguments": ""})
                inner = call.get("custom") or call.get("function")
                known["name"] = inner.get("name", known.get("name"))
                known["input"] += inner.get("input", "")
                known["arguments"] += inner.get("arguments", "")
    assert calls[0] == {"name": "patch", "input": CALLED["custom"]["input"], "arguments": ""}
    assert calls[1] == {"name": "other", "input": "", "arguments": "{}"}


def test_a_request_without_such_tools_stays_as_it_is():
    fates, request = Fates(), Request("m", [], tools=[Tool("f")])
    assert with_functions_only(request, fates) is request and fates.warnings == []


@pytest.mark.parametrize("wire", ["google.generate", "bedrock.converse"])
def test_every_provider_of_functions_can_be_offered_it(wire: Any):
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": [CALLED]},
               {"role": "tool", "tool_call_id": "c", "content": "done"}]  # fmt: skip
    call = chat_call(max_tokens=5, tools=[TOOL], messages=history)
    assert b"patch" in Translation(call, SPEC, wire, "m").body


def test_arguments_of_another_shape_are_not_lost():
    asked, _ = translation()
    called = {"type": "tool_use", "id": "c", "name": "patch", "input": {"text": "x"}}
    message = {"id": "m", "content": [called], "stop_reason": "tool_use"}
    answer = json.loads(asked.reply(json.dumps(message).encode()))
    assert answer["choices"][0]["message"]["tool_calls"][0]["custom"] == {
        "name": "patch",
        "input": '{"text": "x"}',
    }
