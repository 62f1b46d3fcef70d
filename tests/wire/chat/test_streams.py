"""Streams of chat completions: what providers really send, and what clients get."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from headgate.wire.chat.streams import ChatReader, ChatWriter
from headgate.wire.neutral import (
    CitationTold,
    Event,
    Failed,
    Finished,
    Refusal,
    Request,
    Started,
    Text,
    Thinking,
    ToolCall,
    UsageTold,
)
from tests.wire.neutral_forms import ANSWERS, ASKED, events_of, put_together, stream_of


def stream(*deltas: dict[str, Any], finish: str | None = "stop", done: bool = True) -> bytes:
    chunks: list[dict[str, Any]] = [
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas
    ]
    if finish:
        chunks.append({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks) + (
        b"data: [DONE]\n\n" if done else b""
    )


def read(data: bytes) -> list[Event]:
    reader = ChatReader()
    return [*reader.feed(data), *reader.finish()]


def call(index: int | None, **function: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"function": function}
    if index is not None:
        fields["index"] = index
    return fields


def test_parts_follow_each_other_as_they_were_said():
    told = put_together(read(stream(
        {"role": "assistant", "reasoning_content": "hm"}, {"content": "I "}, {"content": "look"},
        {"tool_calls": [call(0, name="f", arguments="") | {"id": "a"}]}, {"tool_calls": [call(0, arguments="{}")]},
        {"tool_calls": [call(1, name="g", arguments='{"x"') | {"id": "b"}]}, {"tool_calls": [call(1, arguments=":1}")]},
        finish="tool_calls",
    )))  # fmt: skip
    assert told.choices[0].parts == [
        Thinking("hm"),
        Text("I look"),
        ToolCall("a", "f", "{}"),
        ToolCall("b", "g", '{"x":1}'),
    ]
    assert told.choices[0].finish == "tool"


def test_calls_without_an_index_are_told_apart_by_their_ids():
    told = put_together(read(stream({"tool_calls": [
        call(None, name="f", arguments="{}") | {"id": "a"}, call(None, name="g", arguments="{}") | {"id": "b"},
    ]}, finish="stop")))  # fmt: skip
    assert told.choices[0].parts == [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")]
    assert told.choices[0].finish == "tool"


def test_an_end_without_a_reason_is_an_end():
    assert isinstance(read(stream({"content": "x"}, finish=None))[-1], Finished)
    assert not any(
        isinstance(event, Finished) for event in read(stream({"content": "x"}, finish=None, done=False))
    )


@pytest.mark.parametrize(
    "error",
    [
        b'data: {"error":{"message":"busy","code":503}}\n\n',
        b'event: error\ndata: {"message":"busy"}\n\n',
        b'data: {"error":"busy"}\n\n',
    ],
)
def test_an_error_inside_a_stream_ends_it(error: bytes):
    events = read(stream({"content": "x"}, finish=None, done=False) + error + stream({"content": "y"}))
    failed = [event for event in events if isinstance(event, Failed)]
    assert [one.message for one in failed] == ["busy"]
    assert not any(isinstance(event, Finished) for event in events)


def test_usage_may_come_with_the_last_choice_or_after_it():
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n'
    told = [
        event for event in read(stream({"content": "x"}, done=False) + usage) if isinstance(event, UsageTold)
    ]
    assert (told[0].tokens.input, told[0].tokens.raw) == (3, b'{"prompt_tokens":3,"completion_tokens":1}')


def test_refusals_and_the_older_calls():
    assert put_together(read(stream({"refusal": "n"}, {"refusal": "o"}))).choices[0].parts == [Refusal("no")]
    told = put_together(
        read(
            stream(
                {"function_call": {"name": "f"}},
                {"function_call": {"arguments": "{}"}},
                finish="function_call",
            )
        )
    )
    assert told.choices[0].parts == [ToolCall("call_0", "f", "{}")]


@pytest.mark.parametrize("name", ANSWERS)
def test_every_chunk_is_valid_to_the_official_sdk(name: str):
    lines = [line for line in stream_of("openai.chat", ANSWERS[name]).decode().split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    for line in lines[:-1]:
        ChatCompletionChunk.model_validate_json(line.removeprefix("data: "), strict=True)


def test_the_role_is_told_once_and_first():
    writer = ChatWriter(ASKED)
    chunks = [
        json.loads(line[6:])
        for line in writer.write(events_of(ANSWERS["text"])).decode().split("\n\n")
        if line
    ]
    roles = [choice["delta"].get("role") for chunk in chunks for choice in chunk["choices"]]
    assert roles[0] == "assistant" and not any(roles[1:])


def test_clients_of_the_older_functions_get_their_call_there():
    writer = ChatWriter(Request("m", [], functions=True))
    out = writer.write(events_of(ANSWERS["one call"])) + writer.finish()
    assert b'"function_call"' in out and b'"tool_calls"' not in out


def test_a_citation_without_a_page_says_nothing():
    writer = ChatWriter(ASKED)
    assert writer.write([Started("r", "m"), CitationTold(0, {"type": "char_location"})]) == b""
