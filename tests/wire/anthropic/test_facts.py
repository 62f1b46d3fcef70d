"""The facts of an Anthropic answer are in the words of the record, and priced by every class of tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.anthropic.facts import MessageWatch, read_reply, recorded
from headgate.wire.anthropic.streams import event_bytes


def body(**fields: Any) -> bytes:
    base = {"model": "claude", "stop_reason": "end_turn", "content": [{"type": "text", "text": "x"}]}
    return json.dumps(
        base | {"usage": {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 3}} | fields
    ).encode()


def test_a_whole_answer():
    facts = read_reply(body())
    assert (facts.usage.prompt_tokens, facts.usage.cached_tokens, facts.usage.completion_tokens) == (7, 2, 3)
    assert (facts.finish, facts.model, facts.tool_calls, facts.refused) == ("stop", "claude", False, False)
    assert json.loads(facts.usage_raw)["input_tokens"] == 5


def test_calls_and_refusals_are_seen():
    assert read_reply(body(content=[{"type": "tool_use"}], stop_reason="tool_use")).tool_calls
    assert read_reply(body(stop_reason="refusal")).refused


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"), ("refusal", "content_filter"), ("pause_turn", "pause"), ("new_reason", "other"), (None, ""),
    ],
)  # fmt: skip
def test_reasons_in_the_words_of_the_record(reason: str | None, finish: str):
    assert recorded(reason) == finish


def test_odd_types_are_passed_over_and_no_answer_is_told():
    assert read_reply(
        b'{"model":1,"stop_reason":"end_turn","content":"x","usage":{"input_tokens":1,"output_tokens":1}}'
    ).usage.known
    for broken in (b"[]", b"", b"<html>"):
        with pytest.raises(ValueError):
            read_reply(broken)


def test_words_in_a_text_are_not_taken_for_events():
    watch = MessageWatch()
    text = 'message_stop "error" event: error {"type":"message_stop"}'
    watch.feed(
        event_bytes("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}})
    )
    assert not watch.done and watch.error is None


def test_an_error_event_is_kept():
    watch = MessageWatch()
    watch.feed(event_bytes("error", {"error": {"type": "overloaded_error", "message": "busy"}}))
    assert watch.error is not None and b"busy" in watch.error
