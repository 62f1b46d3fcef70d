"""Token classes and ends of Google's answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.frames import Usage
from headgate.wire.google.facts import read_answer, read_count, read_reply, read_usage

USAGE = {"promptTokenCount": 100, "toolUsePromptTokenCount": 5, "cachedContentTokenCount": 40, "candidatesTokenCount": 10,
         "thoughtsTokenCount": 20, "totalTokenCount": 135, "serviceTier": "flex",
         "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 90}, {"modality": "AUDIO", "tokenCount": 10}],
         "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}]}  # fmt: skip


def answer(*parts: Any, reason: str = "STOP", **more: Any) -> bytes:
    candidate = {"content": {"parts": list(parts)}, "finishReason": reason}
    return json.dumps(
        {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini"} | more
    ).encode()


def test_thoughts_are_output_and_what_tools_brought_is_input():
    usage = read_usage(json.dumps(USAGE).encode())
    assert usage == Usage(105, 30, 40, 0, 20, True, 0, 10, 3, "flex")


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b'{"promptTokenCount":-1}', b'{"promptTokenCount":"many"}']
)
def test_nonsense_is_not_known(raw: bytes):
    assert not read_usage(raw).known


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("SPII", "content_filter"),
     ("MALFORMED_FUNCTION_CALL", "malformed_function_call")],
)  # fmt: skip
def test_ends_are_told_in_one_language(reason: str, finish: str):
    assert read_reply(answer({"text": "x"}, reason=reason)).finish == finish


def test_calls_are_noticed():
    facts = read_reply(answer({"functionCall": {"name": "f", "args": {}}}))
    assert (facts.tool_calls, facts.finish, facts.model) == (True, "tool_calls", "gemini")


def test_a_blocked_prompt_is_refused():
    facts = read_reply(b'{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}')
    assert facts.refused and facts.finish == "content_filter" and facts.usage.prompt_tokens == 3


def test_the_usage_is_kept_as_it_came():
    raw = b'{"promptTokenCount": 3,  "candidatesTokenCount":1}'
    assert read_reply(b'{"candidates":[],"usageMetadata":%b}' % raw).usage_raw == raw


def test_odd_types_are_passed_over():
    read = read_answer(
        b'{"candidates":[{"finishReason":7}],"modelVersion":3,"usageMetadata":{"promptTokenCount":2}}'
    )
    assert read.candidates is None and read.model_version == ""
    assert read_usage(bytes(read.usage_metadata)).prompt_tokens == 2
    with pytest.raises(ValueError, match="object"):
        read_answer(b"[]")


def test_counting_is_free():
    facts = read_count(b'{"totalTokens":9}')
    assert facts.usage == Usage(known=True)
