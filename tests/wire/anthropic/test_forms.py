"""A whole message as a stream and back: what a cache has comes out as it went in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import RateLimited
from headgate.wire.anthropic.forms import from_stream, stream_error, to_stream
from tests.wire.anthropic.sdk import streamed, whole
from tests.wire.calls import call_of

CALL = call_of(
    b'{"model":"claude","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}', "/v1/messages"
)
CITED: dict[str, Any] = {
    "type": "char_location",
    "cited_text": "x",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "hm" * 3000, "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "long " * 2000, "citations": [CITED]},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1, {"b": "c\n"}]}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2},
}


def test_a_message_streams_and_comes_back_the_same():
    stream = b"".join(to_stream(json.dumps(MESSAGE).encode(), CALL))
    assert from_stream(stream) is not None
    assert json.loads(from_stream(stream) or b"") == MESSAGE


def test_the_sdk_sees_the_same_message_either_way():
    body = json.dumps(MESSAGE).encode()
    direct = {key: value for key, value in whole(body).items() if value is not None}
    message = {
        key: value for key, value in streamed(b"".join(to_stream(body, CALL)))[0].items() if value is not None
    }
    assert message == direct


@pytest.mark.parametrize("drop", [b"message_start", b"message_stop", b"content_block_stop"])
def test_what_is_incomplete_is_nothing(drop: bytes):
    events = to_stream(json.dumps(MESSAGE).encode(), CALL)
    at = next(index for index, event in enumerate(events) if event.startswith(b"event: " + drop))
    assert from_stream(b"".join(events[:at] + events[at + 1 :])) is None


def test_a_failed_stream_is_nothing():
    events = to_stream(json.dumps(MESSAGE).encode(), CALL)
    assert (
        from_stream(b"".join(events[:3]) + stream_error(RateLimited("slow down")) + b"".join(events[3:]))
        is None
    )


def test_an_error_event_is_in_the_form_of_the_vendor():
    name, data = stream_error(RateLimited("slow down")).decode().strip().split("\n")
    assert name == "event: error"
    assert json.loads(data[6:])["error"]["type"] == "rate_limit_error"
