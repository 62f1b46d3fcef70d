"""Watching streams of typed events: bytes pass, facts come from the last event, wherever chunks end."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.wire.responses.events import to_stream
from headgate.wire.responses.watching import watch
from tests.wire.neutral_forms import pieces

CALL = cast(Call, None)
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "m",
    "output": [
        {
            "type": "function_call",
            "id": "fc",
            "call_id": "c",
            "name": "f",
            "arguments": '{"a":"é"}',
            "status": "completed",
        }
    ],
    "usage": {"input_tokens": 5, "output_tokens": 2},
}
STREAM = b"".join(to_stream(json.dumps(RESPONSE).encode(), CALL))


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_chunks_may_end_anywhere(cuts: list[int]):
    looking = watch(CALL)
    out = b"".join([looking.feed(piece) for piece in pieces(STREAM, cuts)]) + looking.finish()
    facts = looking.facts()
    assert out == STREAM
    assert looking.done and looking.error is None
    assert (facts.id, facts.finish, facts.tool_calls, facts.usage.prompt_tokens) == (
        "resp_1",
        "tool_calls",
        True,
        5,
    )


def test_before_the_end_there_is_no_finish():
    looking = watch(CALL)
    looking.feed(STREAM[: STREAM.index(b"response.completed") - 8])
    assert not looking.done
    assert looking.facts().finish == "" and looking.facts().tool_calls and looking.facts().model == "m"


@pytest.mark.parametrize(
    "event",
    [
        b'event: error\ndata: {"type":"error","message":"broke"}\n\n',
        b'data: {"type":"error","message":"broke"}\n\n',
        b"event: error\ndata: broke\n\n",
        b'data: {"type":"response.failed","response":{"status":"failed","error":{"message":"broke"}}}\n\n',
    ],
)
def test_errors_inside_the_stream_are_noticed(event: bytes):
    looking = watch(CALL)
    looking.feed(event)
    assert looking.error is not None and b"broke" in looking.error


def test_a_text_that_speaks_of_errors_is_none():
    looking = watch(CALL)
    looking.feed(b'data: {"type":"response.output_text.delta","delta":"\\"error\\" response.failed"}\n\n')
    assert looking.error is None and not looking.done
