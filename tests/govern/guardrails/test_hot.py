"""The text of a stream is put together from its events, whatever they hold besides; notes add up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.govern.guardrails.hot import note, stream_text
from headgate.testing.clock import FixedClock
from tests.govern.guardrails.test_streams import event
from tests.record.cache.calls import make_call


@given(parts=st.lists(st.text(max_size=12), max_size=8), spaced=st.booleans())
def test_the_text_of_a_stream_is_the_parts_joined(parts: list[str], spaced: bool) -> None:
    events = [event(part) for part in parts]
    if not spaced:
        events = [
            b"data: " + json.dumps(json.loads(each[6:]), separators=(",", ":")).encode() + b"\n\n"
            for each in events
        ]
    last = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    assert json.loads(stream_text(b"".join(events) + last)) == "".join(parts)


@pytest.mark.parametrize("delta", [
    {"tool_calls": [{"index": 0, "function": {"arguments": "abc"}}]}, {"reasoning_content": "abc"},
    {"refusal": "abc"}, {"content": "abc"},
])  # fmt: skip
def test_every_field_that_holds_text_counts(delta: dict[str, Any]) -> None:
    raw = b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"
    assert stream_text(raw + event("def")) == b'"abcdef"'


def test_findings_of_one_side_add_up_and_sides_stay_apart() -> None:
    call = make_call(clock=FixedClock())
    note(call, "request", {"jwt": 1})
    note(call, "answer", {"jwt": 1})
    note(call, "answer", {"jwt": 2, "aws_key": 1})
    assert call.explanation["secrets"] == {"request": {"jwt": 1}, "answer": {"jwt": 3, "aws_key": 1}}
