"""Responses streams: read from a provider, written for the SDK, which puts them together itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from headgate.wire.neutral import (
    ArgumentsDelta,
    CitationTold,
    Event,
    Failed,
    Finished,
    Opaque,
    PartEnded,
    PartStarted,
    Refusal,
    SignatureDelta,
    Started,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
)
from headgate.wire.responses.events import from_stream
from headgate.wire.responses.streams import ResponseReader, ResponseWriter
from headgate.wire.sse import read_event, split_events
from tests.wire.neutral_forms import ANSWERS, ASKED, events_of, put_together, stream_of
from tests.wire.responses.test_events import BODY, CALL, to_stream

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def read(data: bytes) -> list[Event]:
    reader = ResponseReader()
    return [*reader.feed(data), *reader.finish()]


def told(stream: bytes) -> list[Any]:
    """The events as the SDK reads them."""
    events, rest = split_events(stream)
    assert rest == b""
    return [EVENTS.validate_json(read_event(event).data or b"") for event in events]


def test_every_kind_of_item_is_read():
    parts = put_together(read(b"".join(to_stream(BODY, CALL)))).choices[0].parts
    thought, text, refusal, call, custom, search = parts
    assert thought == Thinking("hm\n\nso", "gAAAA=", id="rs_1", maker="openai")
    assert isinstance(text, Text) and text.text.startswith("long")
    assert refusal == Refusal("no")
    assert call == ToolCall("c1", "f", '{"a":1}') and custom == ToolCall("c2", "g", "free text", custom=True)
    assert isinstance(search, Opaque) and search.kind == "web_search_call"


def test_what_a_provider_tells_only_at_the_end_is_not_lost():
    items = [
        {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
        {"type": "reasoning", "summary": [{"text": "hm"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    stream = (
        b"".join(
            b"data: %b\n\n"
            % json.dumps({"type": "response.output_item.done", "output_index": index, "item": item}).encode()
            for index, item in enumerate(items)
        )
        + b'data: {"type":"response.completed","response":{"status":"completed"}}\n\n'
    )
    assert put_together(read(stream)).choices[0].parts == [
        Text("hi", maker="openai"),
        Thinking("hm", maker="openai"),
        ToolCall("c", "f", "{}"),
    ]


@pytest.mark.parametrize(
    ("event", "failed"),
    [
        (
            {"type": "error", "code": "server_error", "message": "broke", "param": None},
            Failed(500, "broke", "error", "server_error"),
        ),
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "rate_limit_exceeded", "message": "slow"}},
            },
            Failed(429, "slow", "", "rate_limit_exceeded"),
        ),
    ],
)
def test_errors_end_a_stream(event: dict[str, Any], failed: Failed):
    events = read(
        b"data: %b\n\n" % json.dumps(event).encode()
        + b'data: {"type":"response.completed","response":{}}\n\n'
    )
    assert events == [failed]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_sdk_reads_every_event_and_the_last_says_all(name: str):
    stream = stream_of("openai.responses", ANSWERS[name])
    events = told(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created" and events[-1].type in (
        "response.completed",
        "response.incomplete",
    )
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert events[-1].response.output_text == deltas
    added = {event.item.id for event in events if event.type == "response.output_item.added"}
    assert [item.id for item in events[-1].response.output if item.id in added] == [
        item.id for item in events[-1].response.output
    ]
    whole = from_stream(stream)
    assert whole is not None and json.loads(whole)["id"] == events[0].response.id


def test_texts_in_a_row_share_a_message_and_other_parts_end_it():
    call = ToolCall("c", "f", "{}", signature="c2ln")
    events: list[Event] = [
        Started("r", "m", 1),
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartEnded(0),
        PartStarted(1, Refusal("")),
        TextDelta(1, "no"),
        PartEnded(1),
        PartStarted(2, call),
        PartEnded(2),
        PartStarted(3, Text("b")),
        CitationTold(3, {"url": "https://x"}),
        PartEnded(3),
        PartStarted(4, ToolCall("d", "g", custom=True)),
        ArgumentsDelta(4, "free"),
        PartEnded(4),
        Finished("tool"),
    ]
    writer = ResponseWriter(ASKED)
    output = told(writer.write(events) + writer.finish())[-1].response.output
    assert [item.type for item in output] == [
        "message",
        "reasoning",
        "function_call",
        "message",
        "custom_tool_call",
    ]
    assert [part.type for part in output[0].content] == ["output_text", "refusal"]
    assert output[2].arguments == "{}" and output[4].input == "free"
    assert output[3].content[0].annotations[0].url == "https://x"


def test_thoughts_of_others_are_sealed_when_they_are_whole():
    events: list[Event] = [
        PartStarted(0, Thinking(maker="anthropic")),
        ThinkingDelta(0, "h"),
        ThinkingDelta(0, "m"),
        SignatureDelta(0, "sig"),
        PartEnded(0),
        PartStarted(1, Thinking(redacted="r", maker="anthropic")),
        PartEnded(1),
        Finished("stop"),
    ]
    writer = ResponseWriter(ASKED)
    seen = told(writer.write(events) + writer.finish())
    first, second = seen[-1].response.output
    assert first.summary[0].text == "hm" and first.encrypted_content == "hg1.anthropic.s..sig"
    assert second.encrypted_content == "hg1.anthropic.r..r"
    assert sum(event.type == "response.reasoning_summary_part.added" for event in seen) == 1


def test_nothing_comes_after_an_error_or_without_an_end():
    writer = ResponseWriter(ASKED)
    out = (
        writer.write([Started("r", "m"), Failed(429, "slow", "rate_limit_error"), Finished("stop")])
        + writer.finish()
    )
    assert told(out)[-1].type == "error" and told(out)[-1].message == "slow"
    unfinished = ResponseWriter(ASKED)
    unfinished.write(events_of(ANSWERS["text"])[:3])
    assert unfinished.finish() == b""
