"""Watching Google's streams: bytes pass, facts are gathered, wherever chunks end."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.wire.google.watching import watch
from tests.wire.neutral_forms import pieces

CALL = cast(Call, None)


def event(candidate: dict[str, Any], **more: Any) -> bytes:
    return (
        b"data: " + json.dumps({"candidates": [candidate], "modelVersion": "g"} | more).encode() + b"\r\n\r\n"
    )


STREAM = event({"content": {"parts": [{"text": "h\u00e9"}]}}, usageMetadata={"promptTokenCount": 3}) + event(
    {"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP"},
    usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 2},
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_chunks_may_end_anywhere(cuts: list[int]):
    looking = watch(CALL)
    out = b"".join([looking.feed(piece) for piece in pieces(STREAM, cuts)]) + looking.finish()
    facts = looking.facts()
    assert out == STREAM
    assert (facts.finish, facts.tool_calls, facts.usage.completion_tokens, facts.model) == (
        "tool_calls",
        True,
        2,
        "g",
    )
    assert looking.error is None


@pytest.mark.parametrize("end", [b"\n\n", b""])
def test_an_error_inside_the_stream_is_noticed(end: bytes):
    looking = watch(CALL)
    looking.feed(b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}' + end)
    looking.finish()
    assert looking.error is not None and b"overloaded" in looking.error


def test_a_stream_without_an_end_has_no_finish():
    looking = watch(CALL)
    looking.feed(event({"content": {"parts": [{"text": "x"}]}}))
    assert looking.facts().finish == ""
