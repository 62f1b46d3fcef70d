"""Placeholders are the same for the same value, mean one value only, and find their way back."""

from __future__ import annotations

import json

import pytest

from headgate.govern.guardrails.personal import (
    Placeholders,
    RestoreScanner,
    Wanted,
    counted,
    look,
    mask_reply,
    mask_request,
    restore_reply,
)
from headgate.wire.hold_back import HoldBackFilter
from headgate.wire.texts import request_texts
from tests.wire.samples import CHAT, MESSAGES, answer, call_on, encode, request, stream, streamed_text

VALUES = {"[EMAIL_REDACTED_1]": 'a"b@example.com'}


def test_one_value_one_placeholder() -> None:
    given = Placeholders("[EMAIL_REDACTED_1] stands here already")
    assert [given.of("email", value) for value in ("a", "b", "a")] == [
        "[EMAIL_REDACTED_2]",
        "[EMAIL_REDACTED_3]",
        "[EMAIL_REDACTED_2]",
    ]
    assert given.of("phone", "a") == "[PHONE_REDACTED_1]"
    assert given.values["[EMAIL_REDACTED_3]"] == "b"


def test_what_is_said_of_tools_is_no_persons() -> None:
    tools = [{"type": "function", "function": {"name": "f", "description": "mail x@example.com"}}]
    call = call_on(CHAT, request(CHAT, "mail y@example.com") | {"tools": tools})
    found = look(request_texts(call), Wanted())
    assert counted(found) == {"email": 1}
    assert mask_request(call, found) == {"[EMAIL_REDACTED_1]": "y@example.com"}
    assert b"x@example.com" in call.body


def test_values_are_escaped_inside_the_json_of_tool_calls_only() -> None:
    tool = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": '{"to":"[EMAIL_REDACTED_1]"}'},
    }
    reply = answer(CHAT, "")
    message = {"role": "assistant", "content": "to [EMAIL_REDACTED_1]", "tool_calls": [tool]}
    reply.body = encode({"choices": [{"index": 0, "message": message}]})
    restore_reply(call_on(CHAT, request(CHAT, "hi")), reply, VALUES)
    message = json.loads(reply.body)["choices"][0]["message"]
    assert message["content"] == 'to a"b@example.com'
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"to": 'a"b@example.com'}


def test_signed_thinking_is_not_touched() -> None:
    reply = answer(MESSAGES, "")
    reply.body = encode(
        {"content": [{"type": "thinking", "thinking": "[EMAIL_REDACTED_1]", "signature": "s"}]}
    )
    before = reply.body
    restore_reply(call_on(MESSAGES, request(MESSAGES, "hi")), reply, VALUES)
    assert reply.body == before


def test_looking_changes_nothing() -> None:
    reply = answer(CHAT, "mail x@example.com")
    before = reply.body
    assert mask_reply(call_on(CHAT, request(CHAT, "hi")), reply, Wanted()) == {"email": 1}
    assert reply.body is before


@pytest.mark.parametrize(
    "pieces", [["[", "x] is no placeholder"], ["[" + "A" * 100, "]"], ["array[0]", "[1]"]]
)
def test_brackets_that_are_no_placeholder_pass(pieces: list[str]) -> None:
    held = HoldBackFilter(CHAT, RestoreScanner(VALUES))
    out = [event for raw in stream(CHAT, pieces) for event in held.feed([raw])]
    assert streamed_text(CHAT, out + held.finish()) == "".join(pieces)
