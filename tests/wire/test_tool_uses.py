"""Tool calls with their arguments, read from whole answers of every wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Wire
from headgate.wire.tool_uses import ToolUse, UnreadableCalls, tool_uses

FUNCTION = {"name": "send", "arguments": '{"b": 2, "a": 1}'}
ANSWERS: dict[Wire, dict[str, Any]] = {
    "openai.chat": {
        "id": "c", "model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "tool_calls": [{"id": "x", "type": "function", "function": FUNCTION}]}}],
    },
    "anthropic.messages": {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use", "usage": {},
        "content": [{"type": "tool_use", "id": "x", "name": "send", "input": {"b": 2, "a": 1}}],
    },
    "openai.responses": {
        "id": "r", "object": "response", "model": "m", "status": "completed",
        "output": [{"type": "function_call", "id": "f", "call_id": "x", **FUNCTION}],
    },
    "google.generate": {
        "candidates": [{"content": {"role": "model", "parts": [{"functionCall": {"name": "send", "args": {"b": 2, "a": 1}}}]}}],
    },
}  # fmt: skip


@pytest.mark.parametrize("wire", ANSWERS)
def test_every_wires_calls_are_read_alike(wire: Wire) -> None:
    assert tool_uses(wire, json.dumps(ANSWERS[wire]).encode()) == [ToolUse("send", b'{"a":1,"b":2}')]


def test_answers_without_calls_are_not_even_parsed() -> None:
    assert tool_uses("openai.chat", b"not json") == []
    assert tool_uses("openai.embeddings", b'"tool"') == []


def test_what_cannot_be_read_is_not_taken_for_nothing() -> None:
    with pytest.raises(UnreadableCalls):
        tool_uses("openai.chat", b'{"tool_calls": [')
