"""Converse's answers and streams in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import ProviderError
from headgate.wire.bedrock.replies import ConverseReader, read_error, read_reply, tokens_of
from headgate.wire.neutral import Choice, Failed, Finished, Image, Opaque, Reply, Text, Thinking, ToolCall
from tests.wire.neutral_forms import pieces, put_together
from tools.rig.vendors.bedrock import frame

USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 25, "cacheReadInputTokens": 7, "cacheWriteInputTokens": 3,
         "cacheDetails": [{"ttl": "1h", "inputTokens": 2}, {"ttl": "5m", "inputTokens": 1}]}  # fmt: skip


def block(index: int, *deltas: dict[str, Any], start: dict[str, Any] | None = None) -> bytes:
    out = frame("contentBlockStart", {"contentBlockIndex": index, "start": start}) if start else b""
    for delta in deltas:
        out += frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
    return out + frame("contentBlockStop", {"contentBlockIndex": index})


STREAM = b"".join([
    frame("messageStart", {"role": "assistant"}),
    block(0, *({"reasoningContent": each} for each in ({"text": "hm "}, {"text": "so"}, {"signature": "sig"}))),
    block(1, {"text": "I "}, {"text": "look 😀"}),
    block(
        2, {"toolUse": {"input": '{"a"'}}, {"toolUse": {"input": ":1}"}}, start={"toolUse": {"toolUseId": "c1", "name": "look"}},
    ),
    frame("messageStop", {"stopReason": "tool_use"}),
    frame("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}, "serviceTier": {"type": "flex"}}),
])  # fmt: skip


def read(data: bytes, cuts: list[int] | None = None) -> Reply:
    reader = ConverseReader()
    events = [event for piece in pieces(data, cuts or []) for event in reader.feed(piece)]
    return put_together([*events, *reader.finish()])


def answer(*blocks: dict[str, Any], reason: str = "end_turn") -> bytes:
    return json.dumps(
        {
            "output": {"message": {"role": "assistant", "content": blocks}},
            "stopReason": reason,
            "usage": USAGE,
        }
    ).encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_a_stream_says_the_same_wherever_chunks_end(cuts: list[int]):
    told = read(STREAM, cuts)
    parts = [
        Thinking("hm so", "sig", maker="bedrock"),
        Text("I look 😀", maker="bedrock"),
        ToolCall("c1", "look", '{"a":1}'),
    ]
    assert told.choices == [Choice(parts, "tool")]
    assert (told.tokens.input, told.tokens.output, told.tokens.tier) == (20, 5, "flex")


def test_token_classes_add_up():
    tokens = tokens_of(json.dumps(USAGE).encode())
    assert (tokens.input, tokens.cache_read, tokens.cache_write, tokens.cache_write_1h) == (20, 7, 3, 2)


def test_no_usage_is_not_known():
    assert not tokens_of(b"").known
    assert not tokens_of(b'{"inputTokens":"many"}').known


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("stop_sequence", "stop_sequence"), ("guardrail_intervened", "refusal"),
     ("content_filtered", "refusal"), ("model_context_window_exceeded", "context"), ("malformed_tool_use", "other")],
)  # fmt: skip
def test_reasons_to_stop(reason: str, finish: str):
    assert read_reply(answer({"text": "x"}, reason=reason)).choices[0].finish == finish


def test_all_kinds_of_blocks():
    cited = {
        "content": [{"text": "a"}, {"text": "b"}],
        "citations": [{"location": {"web": {"url": "https://x"}}}],
    }
    reply = read_reply(answer(
        {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}}, {"reasoningContent": {"redactedContent": "r"}},
        {"text": "x"}, {"citationsContent": cited}, {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
        {"image": {"format": "png", "source": {"bytes": "aGk="}}}, {"guardContent": {"text": {"text": "g"}}},
        {"toolUse": {"toolUseId": "s", "name": "web", "input": {}, "type": "server_tool_use"}},
    ))  # fmt: skip
    thought, hidden, text, quoted, call, image, guard, served = reply.choices[0].parts
    assert thought == Thinking("t", "s", maker="bedrock")
    assert hidden == Thinking(redacted="r", maker="bedrock")
    assert text == Text("x")
    assert isinstance(quoted, Text) and quoted.text == "ab" and quoted.citations[0]["url"] == "https://x"
    assert call == ToolCall("c", "f", '{"a":1}')
    assert isinstance(image, Image) and image.source.media_type == "image/png"
    assert isinstance(guard, Opaque) and isinstance(served, Opaque)


def test_an_error_inside_a_stream_is_told_with_its_status():
    reader = ConverseReader()
    headers = frame("messageStart", {"role": "assistant"})
    events = reader.feed(headers + frame("throttlingException", {"message": "slow down"}))
    assert events[-1] == Failed(429, "slow down", "throttlingException")
    assert reader.feed(frame("messageStop", {"stopReason": "end_turn"})) == []


def test_a_stream_that_stops_inside_a_message_is_told():
    reader = ConverseReader()
    reader.feed(STREAM[:40])
    with pytest.raises(ProviderError, match="ended inside"):
        reader.finish()


def test_a_stream_that_stops_before_its_end_has_no_finish():
    reader = ConverseReader()
    events = [*reader.feed(block(0, {"text": "x"})), *reader.finish()]
    assert not any(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize(
    ("body", "message", "kind"),
    [(b'{"message":"no","__type":"com.amazon#ThrottlingException"}', "no", "ThrottlingException"),
     (b'{"Message":"no"}', "no", ""),
     (b"<html>", "The provider refused the request with status 400.", "")],
)  # fmt: skip
def test_errors_are_read_as_far_as_they_can_be(body: bytes, message: str, kind: str):
    assert read_error(400, body) == Failed(400, message, kind)
