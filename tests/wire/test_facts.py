"""The facts of whole answers, odd ones included."""

from __future__ import annotations

import json

import pytest

from headgate.call.frames import Usage
from headgate.wire.facts import read_reply
from headgate.wire.shape import ReplyFacts
from tests.wire.bodies import CHAT_BODIES, TEXT_BODIES

KNOWN = Usage(9, 4, 3, 0, 2, True)


@pytest.mark.parametrize(
    ("name", "finish", "tool_calls", "refused"),
    [
        ("plain", "stop", False, False),
        ("long", "length", False, False),
        ("tools", "tool_calls", True, False),
        ("function", "function_call", True, False),
        ("refusal", "stop", False, True),
        ("two choices", "length", False, False),
        ("audio", "stop", False, False),
    ],
)
def test_chat_answers(name: str, finish: str, tool_calls: bool, refused: bool) -> None:
    facts = read_reply(json.dumps(CHAT_BODIES[name]).encode())
    assert (facts.usage, facts.finish, facts.tool_calls, facts.refused) == (
        KNOWN,
        finish,
        tool_calls,
        refused,
    )
    assert facts.model == "gpt-4o-2024-08-06"


def test_text_answers() -> None:
    facts = read_reply(json.dumps(TEXT_BODIES["plain"]).encode())
    assert (facts.usage, facts.finish, facts.model) == (KNOWN, "length", "gpt-3.5-turbo-instruct")


def test_the_providers_own_usage_is_kept_byte_for_byte() -> None:
    usage = b'{ "prompt_tokens" : 1,\n "completion_tokens":2, "new": 1.0 }'
    assert read_reply(b'{"choices":[],"usage":' + usage + b"}").usage_raw == usage


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ("{}", ReplyFacts(Usage(), b"", "", False, "")),
        ('{"usage":null,"choices":null}', ReplyFacts(Usage(), b"", "", False, "")),
        (
            '{"model":7,"choices":[{"finish_reason":3,"message":[]},{"finish_reason":"stop"}]}',
            ReplyFacts(Usage(), b"", "stop", False, ""),
        ),
        (
            '{"model":null,"choices":"x","usage":{"prompt_tokens":1}}',
            ReplyFacts(Usage(1, known=True), b'{"prompt_tokens":1}', "", False, ""),
        ),
        (
            '{"choices":[{"message":{"tool_calls":[]},"finish_reason":"stop"}]}',
            ReplyFacts(Usage(), b"", "stop", False, ""),
        ),
        (
            '{"choices":[{"message":{"tool_calls":null,"function_call":null}}]}',
            ReplyFacts(Usage(), b"", "", False, ""),
        ),
    ],
)
def test_odd_answers_are_read_as_far_as_they_go(body: str, facts: ReplyFacts) -> None:
    assert read_reply(body.encode()) == facts


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a":', b'{"x":' + b"[" * 100_000])
def test_what_is_no_json_object_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_reply(body)
