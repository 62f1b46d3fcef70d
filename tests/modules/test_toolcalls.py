"""Tool calls of answers: read on every wire, and in a stream held back until all of their arguments are known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.kernel.errors import Unavailable
from headgate.modules.toolcalls import ToolHold, ToolUse, uses_of_reply
from tests.wire.calls import chat_call

USE = ToolUse("send", b'{"a":1,"b":2}')


def call() -> Call:
    return chat_call(messages=[{"role": "user", "content": "hi"}], stream=True)


def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"


def called(arguments: str, name: str = "") -> bytes:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    begun = {"id": "call_1", "type": "function"} if name else {}
    return event({"tool_calls": [{"index": 0, "function": function, **begun}]})


STREAM = [
    event({"role": "assistant", "content": "I use a "}), event({"content": 'tool "name" now'}), called("", "send"),
    called('{"b":2,'), called('"a":1}'), event({}, "tool_calls"), b"data: [DONE]\n\n",
]  # fmt: skip


def test_the_calls_of_a_whole_answer_are_read_with_canonical_arguments() -> None:
    function = {"name": "send", "arguments": '{"b": 2, "a": 1}'}
    message = {"role": "assistant", "tool_calls": [{"id": "x", "type": "function", "function": function}]}
    body = {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }

    assert uses_of_reply(call(), json.dumps(body).encode()) == [USE]
    assert uses_of_reply(call(), b'{"choices":[]}') == []


def test_text_leaves_at_once_and_calls_wait_for_their_arguments() -> None:
    judged: list[list[ToolUse]] = []
    hold = ToolHold(call(), judged.append)

    left = [each for one in STREAM for each in hold.feed([one])]
    rest = hold.finish()

    assert (left, rest) == (STREAM[:2], STREAM[2:])
    assert judged == [[USE]]


def test_a_stream_without_calls_is_never_held_or_judged() -> None:
    judged: list[list[ToolUse]] = []
    hold = ToolHold(call(), judged.append)
    plain = [STREAM[0], STREAM[1], event({}, "stop"), b"data: [DONE]\n\n"]

    assert (hold.feed(plain), hold.finish(), judged) == (plain, [], [])


def test_calls_that_cannot_be_read_are_not_passed_on() -> None:
    hold = ToolHold(call(), lambda uses: None)
    hold.feed(STREAM[:4])  # cut off

    with pytest.raises(Unavailable):
        hold.finish()
