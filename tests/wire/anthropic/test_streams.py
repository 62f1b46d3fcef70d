"""Anthropic streams: block by block, with what providers put between."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.anthropic.streams import MessageReader, MessageWriter, event_bytes
from headgate.wire.neutral import (
    ArgumentsDelta,
    Event,
    Failed,
    Finished,
    Opaque,
    PartEnded,
    PartStarted,
    Started,
    Text,
    TextDelta,
    Tokens,
    ToolCall,
    UsageTold,
)
from tests.wire.anthropic.sdk import streamed
from tests.wire.neutral_forms import ASKED, put_together

START = event_bytes(
    "message_start",
    {"message": {"id": "m1", "model": "claude", "usage": {"input_tokens": 3, "output_tokens": 1}}},
)
STOP = event_bytes(
    "message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}
) + event_bytes("message_stop", {})


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    out = event_bytes("content_block_start", {"index": index, "content_block": start})
    for delta in deltas:
        out += event_bytes("content_block_delta", {"index": index, "delta": delta})
    return out + event_bytes("content_block_stop", {"index": index})


def read(data: bytes) -> list[Event]:
    reader = MessageReader()
    return [*reader.feed(data), *reader.finish()]


def test_a_servers_tool_is_told_whole_at_its_end():
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"que', 'ry":"x"}')]
    events = read(
        START
        + block(0, {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, *deltas)
        + STOP
    )
    parts = [event.part for event in events if isinstance(event, PartStarted)]
    data = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
    assert parts == [Opaque("anthropic", "server_tool_use", data)]


def test_usage_adds_up_over_the_stream():
    events = read(START + STOP)
    told = [event.tokens for event in events if isinstance(event, UsageTold)]
    assert (told[-1].input, told[-1].output, told[-1].known) == (3, 9, True)
    assert json.loads(told[-1].raw) == {"input_tokens": 3, "output_tokens": 9}


def test_pings_unknown_events_and_unknown_deltas_say_nothing():
    odd = event_bytes("ping", {}) + event_bytes("future_event", {"usage": {"input_tokens": 99}})
    told = put_together(
        read(START + odd + block(0, {"type": "text", "text": ""}, {"type": "future_delta"}) + STOP)
    )
    assert told.choices[0].parts == [Text("", maker="anthropic")]


@pytest.mark.parametrize(
    ("kind", "status"), [("overloaded_error", 529), ("rate_limit_error", 429), ("api_error", 500)]
)
def test_an_error_has_the_status_it_would_have_had(kind: str, status: int):
    events = read(START + event_bytes("error", {"error": {"type": kind, "message": "no"}}))
    assert events[-1] == Failed(status, "no", kind)


def test_blocks_are_numbered_without_gaps_and_deltas_of_left_out_parts_are_left_out():
    writer = MessageWriter(ASKED)
    out = writer.write(
        [
            Started("r", "m"),
            PartStarted(0, Opaque("google", "executableCode", {})),
            PartEnded(0),
            PartStarted(1, ToolCall("t", "f")),
            ArgumentsDelta(1, "{}"),
            PartEnded(1),
            Finished("tool"),
            UsageTold(Tokens(3, 4, known=True)),
        ]
    )
    message, _ = streamed(out + writer.finish())
    assert message["content"] == [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]
    assert message["usage"]["input_tokens"] == 3


def test_of_several_choices_the_first_is_told():
    writer = MessageWriter(ASKED)
    out = writer.write(
        [
            Started("r", "m"),
            PartStarted(0, Text(""), 1),
            TextDelta(0, "other", 1),
            PartEnded(0, 1),
            Finished("stop", choice=1),
            PartStarted(0, Text("")),
            TextDelta(0, "first"),
            PartEnded(0),
            Finished("length"),
        ]
    )
    message, _ = streamed(out + writer.finish())
    assert (message["content"][0]["text"], message["stop_reason"]) == ("first", "max_tokens")


def test_an_error_is_the_last_event():
    writer = MessageWriter(ASKED)
    out = (
        writer.write([Started("r", "m"), Failed(429, "slow down"), PartStarted(0, Text("x"))])
        + writer.finish()
    )
    name, data = out.decode().strip().split("\n\n")[-1].split("\n")
    assert name == "event: error"
    assert json.loads(data[6:])["error"] == {"type": "rate_limit_error", "message": "slow down"}
