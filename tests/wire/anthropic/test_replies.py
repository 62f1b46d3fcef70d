"""Anthropic messages, whole: every kind of block is kept, and every answer is valid to the official SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message

from headgate.wire.anthropic.replies import read_error, read_reply, write_error, write_reply
from headgate.wire.neutral import Choice, Failed, Opaque, Refusal, Reply, Text, Thinking, ToolCall
from tests.wire.anthropic.sdk import whole
from tests.wire.neutral_forms import ANSWERS, ASKED

BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": "redacted_thinking", "data": "d"},
    {"type": "text", "text": "x", "citations": [{"type": "char_location"}]},
    {"type": "tool_use", "id": "t", "name": "f", "input": {"n": 1.0}},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
]


def message(**fields: Any) -> bytes:
    base: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": BLOCKS, "stop_reason": "tool_use",
        "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 4, "service_tier": "priority"},
    }  # fmt: skip
    return json.dumps(base | fields).encode()


def test_every_block_is_read_with_its_arguments_byte_for_byte():
    reply = read_reply(message())
    assert reply.choices[0].parts == [
        Thinking("hm", "s", maker="anthropic"),
        Thinking(redacted="d", maker="anthropic"),
        Text("x", citations=[{"type": "char_location"}], maker="anthropic"),
        ToolCall("t", "f", '{"n": 1.0}'),
        Opaque("anthropic", "server_tool_use", BLOCKS[4]),
    ]
    assert (reply.id, reply.choices[0].finish, reply.service_tier) == ("msg_1", "tool", "priority")


def test_what_was_read_is_written_as_it_was():
    written = json.loads(write_reply(read_reply(message()), ASKED))
    assert written["content"] == BLOCKS
    assert written["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    "reason",
    [
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
    ],
)
def test_every_reason_to_stop_survives(reason: str):
    assert json.loads(write_reply(read_reply(message(stop_reason=reason)), ASKED))["stop_reason"] == reason


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_is_valid_to_the_official_sdk(name: str):
    body = write_reply(ANSWERS[name], ASKED)
    Message.model_validate_json(body)
    assert whole(body)["content"]


def test_a_refusal_is_text_and_arguments_that_are_no_object_are_not_lost():
    reply = Reply(
        "r", "m", [Choice([Refusal("no"), ToolCall("t", "f", "free text"), ToolCall("u", "g", "[1]")])]
    )
    content = json.loads(write_reply(reply, ASKED))["content"]
    assert content[0] == {"type": "text", "text": "no"}
    assert [block["input"] for block in content[1:]] == [{"input": "free text"}, {"input": [1]}]


def test_errors_go_both_ways():
    assert read_error(
        529, b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
    ) == Failed(529, "busy", "overloaded_error")
    assert read_error(500, b"<html>").message
    told = json.loads(write_error(Failed(529, "busy", "server_error")))
    assert told == {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_what_is_no_answer_is_told(body: bytes):
    with pytest.raises(ValueError):
        read_reply(body)
