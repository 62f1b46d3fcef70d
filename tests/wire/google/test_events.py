"""Google's streams: read from a provider, written for a client."""

from __future__ import annotations

import json
from typing import Any

from google.genai import types

from headgate.wire.google.events import GenerateReader, GenerateWriter
from headgate.wire.neutral import (
    CitationTold,
    Event,
    Failed,
    Finished,
    Image,
    PartEnded,
    PartStarted,
    SignatureDelta,
    Text,
    Thinking,
    ThinkingDelta,
    ToolCall,
    UsageTold,
)
from tests.wire.neutral_forms import ASKED, SIGNED, events_of, put_together


def chunk(*parts: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    fields = {
        "candidates": [candidate | more.pop("candidate", {})],
        "responseId": "r",
        "modelVersion": "g",
    } | more
    return b"data: " + json.dumps(fields).encode() + b"\r\n\r\n"


def read(*chunks: bytes) -> list[Event]:
    reader = GenerateReader()
    return [*reader.feed(b"".join(chunks)), *reader.finish()]


def test_parts_follow_each_other_as_they_were_said():
    told = put_together(read(
        chunk({"text": "hm ", "thought": True}), chunk({"text": "so", "thought": True, "thoughtSignature": "c2ln"}),
        chunk({"text": "I "}),
        chunk({"text": "look"}, {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "Y2FsbA"}),
        chunk({"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
        chunk(reason="STOP", usageMetadata={"promptTokenCount": 3}),
    ))  # fmt: skip
    thought, text, call, image = told.choices[0].parts
    assert thought == Thinking("hm so", "c2ln", maker="google")
    assert text == Text("I look", maker="google")
    assert isinstance(call, ToolCall) and (call.name, call.arguments, call.signature) == (
        "f",
        '{"a":1}',
        "Y2FsbA",
    )
    assert isinstance(image, Image)
    assert told.choices[0].finish == "tool" and told.tokens.input == 3


def test_a_blocked_prompt_ends_in_refusal():
    events = read(b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n')
    assert events[-1] == Finished("refusal")


def test_an_error_ends_it():
    events = read(
        chunk({"text": "x"}),
        b'data: {"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}\n\n',
        chunk({"text": "y"}),
    )
    assert [event for event in events if isinstance(event, Failed)] == [Failed(503, "busy", "UNAVAILABLE")]
    assert sum(isinstance(event, PartStarted) for event in events) == 1


def test_citations_belong_to_the_text():
    grounding = {"groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://x", "title": "X"}}]}}
    events = read(chunk({"text": "x"}, reason="STOP", candidate=grounding))
    assert [event.citation["url"] for event in events if isinstance(event, CitationTold)] == ["https://x"]


def test_a_stream_that_stops_has_no_finish_and_writes_no_end():
    events = read(chunk({"text": "x"}))
    assert isinstance(events[-1], PartEnded)
    assert GenerateWriter(ASKED).finish() == b""


def written(events: list[Event]) -> list[types.GenerateContentResponse]:
    writer = GenerateWriter(ASKED)
    data = writer.write(events) + writer.finish()
    return [
        types.GenerateContentResponse.model_validate_json(line[6:]) for line in data.split(b"\n\n") if line
    ]


def test_calls_are_told_whole_and_usage_with_the_end():
    call = ToolCall("c", "f", '{"a":1}')
    events: list[Event] = events_of(put_together(events_of(SIGNED)))
    chunks = written(
        [
            *events[:1],
            PartStarted(0, call),
            PartEnded(0),
            Finished("tool"),
            *[e for e in events if isinstance(e, UsageTold)],
        ]
    )
    assert chunks[0].function_calls and chunks[0].function_calls[0].args == {"a": 1}
    assert chunks[-1].usage_metadata and chunks[-1].usage_metadata.prompt_token_count == 100
    assert chunks[-1].candidates and chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_foreign_signatures_come_at_the_end_of_their_thought():
    events: list[Event] = [
        PartStarted(0, Thinking(maker="anthropic")),
        ThinkingDelta(0, "hm"),
        SignatureDelta(0, "sig"),
        PartEnded(0),
        Finished("stop"),
    ]
    parts = [
        part
        for each in written(events)
        for candidate in each.candidates or []
        for part in (candidate.content and candidate.content.parts) or []
    ]
    assert parts[0].text == "hm" and parts[0].thought
    assert parts[1].thought_signature and parts[1].thought_signature.startswith(b"hg1.anthropic.s.")


def test_nothing_comes_after_an_error():
    writer = GenerateWriter(ASKED)
    out = writer.write([Failed(429, "slow"), PartStarted(0, Text("x")), Finished("stop")]) + writer.finish()
    assert json.loads(out.removeprefix(b"data: "))["error"]["status"] == "RESOURCE_EXHAUSTED"
