"""Responses as streams and back, held against the SDK's own types of events."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from headgate.call.call import Call
from headgate.wire.responses.events import Emitter, from_stream, replayed, to_stream
from headgate.wire.sse import read_event

CALL = cast(Call, None)
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
TEXT = {
    "type": "output_text",
    "text": "long " * 2000,
    "logprobs": [],
    "annotations": [
        {"type": "url_citation", "url": "https://x", "title": "X", "start_index": 0, "end_index": 4}
    ],
}
OUTPUT: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}, {"type": "summary_text", "text": "so"}],
        "encrypted_content": "gAAAA=",
    },
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [TEXT, {"type": "refusal", "refusal": "no"}],
    },
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "f",
        "arguments": '{"a":1}',
        "status": "completed",
    },
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "g", "input": "free text"},
    {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "x"},
    },
]
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1.0,
    "status": "completed",
    "model": "m",
    "output": OUTPUT,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "usage": {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 7,
    },
}
BODY = json.dumps(RESPONSE).encode()


def data_of(event: bytes) -> Any:
    data = read_event(event).data
    assert data is not None
    return json.loads(data)


def test_every_event_is_one_that_the_sdk_knows():
    for number, event in enumerate(to_stream(BODY, CALL)):
        told = EVENTS.validate_python(data_of(event))
        assert told.sequence_number == number
        assert read_event(event).name.decode() == told.type


def test_a_kept_answer_streams_and_comes_back_byte_for_byte():
    stream = b"".join(to_stream(BODY, CALL))
    assert from_stream(stream) is not None
    assert json.loads(cast(bytes, from_stream(stream))) == RESPONSE
    last = b'event: response.completed\ndata: {"type":"response.completed","response":{ "id":"r" , "output":[]}}\n\n'
    assert from_stream(last) == b'{ "id":"r" , "output":[]}'


def test_sealed_reasoning_is_told_at_the_end_of_its_item_only():
    told = [data_of(event) for event in to_stream(BODY, CALL)]
    added = next(each for each in told if each["type"] == "response.output_item.added")
    done = next(each for each in told if each["type"] == "response.output_item.done")
    assert "encrypted_content" not in added["item"] and added["item"]["summary"] == []
    assert done["item"] == OUTPUT[0]


@pytest.mark.parametrize(
    ("status", "last"),
    [
        ("incomplete", "response.incomplete"),
        ("failed", "response.failed"),
        ("completed", "response.completed"),
    ],
)
def test_the_last_event_says_how_it_ended(status: str, last: str):
    assert data_of(to_stream(json.dumps(RESPONSE | {"status": status}).encode(), CALL)[-1])["type"] == last


def test_items_that_the_last_event_leaves_out_are_those_that_came_before():
    item = b'data: {"type":"response.output_item.done","item":{"id":"a"}}\n\n'
    stream = item + b'data: {"type":"response.completed","response":{"output":[],"id":"r"}}\n\n'
    assert from_stream(stream) == b'{"output":[{"id":"a"}],"id":"r"}'


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b'data: {"type":"response.created","response":{}}\n\n',
        b'data: {"type":"error","message":"x"}\n\n',
        b'data: {"type":"response.failed","response":{}}\n\n',
        b"data: {\n\n",
        b"event: error\ndata: {}\n\n",
    ],
)
def test_what_failed_or_never_ended_is_no_answer(stream: bytes):
    assert from_stream(stream) is None


def test_a_replay_may_begin_later():
    every = replayed(BODY, None)
    assert replayed(BODY, 3) == every[4:]


def test_numbers_run_on():
    emitter = Emitter()
    assert [data_of(emitter.event("x"))["sequence_number"] for _ in range(3)] == [0, 1, 2]
