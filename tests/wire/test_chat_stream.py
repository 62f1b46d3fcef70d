"""Chat completions as streams and back: the openai SDK reads the same answer from both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from headgate.wire.chat_stream import from_stream, to_stream
from tests.wire.bodies import CHAT_BODIES, USAGE, Body
from tests.wire.calls import chat_call

ASKS = chat_call(stream=True, stream_options={"include_usage": True})
DOES_NOT_ASK = chat_call(stream=True)


def chunks_of(events: list[bytes]) -> list[Body]:
    assert events[-1] == b"data: [DONE]\n\n"
    return [json.loads(event.removeprefix(b"data: ")) for event in events[:-1]]


@pytest.mark.parametrize("name", CHAT_BODIES)
def test_the_sdk_puts_the_stream_of_a_body_together_to_that_body(name: str) -> None:
    body = CHAT_BODIES[name]
    state = ChatCompletionStreamState()
    for chunk in chunks_of(to_stream(json.dumps(body).encode(), ASKS)):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    read: Any = state.current_completion_snapshot.model_dump(exclude_none=True)
    for choice in read["choices"]:
        choice["message"].pop("parsed", None)
        for call in choice["message"].get("tool_calls", ()):
            call.pop("index")  # the SDK keeps the place in the list, which a whole body does not have
            call["function"].pop("parsed_arguments", None)
    expected = ChatCompletion.model_validate(body).model_dump(exclude_none=True)
    for choice in expected["choices"]:
        if choice.get("logprobs"):
            choice["logprobs"] = read_logprobs(choice["logprobs"])
    assert read == expected


def read_logprobs(logprobs: Body) -> Body:
    return {key: value for key, value in logprobs.items() if value is not None}


@pytest.mark.parametrize("name", CHAT_BODIES)
def test_a_body_comes_back_from_its_stream(name: str) -> None:
    body = CHAT_BODIES[name]
    whole = from_stream(b"".join(to_stream(json.dumps(body).encode(), ASKS)))
    assert whole is not None
    assert json.loads(whole) == body


def test_usage_is_in_a_stream_only_if_the_client_asked() -> None:
    body = json.dumps(CHAT_BODIES["plain"]).encode()
    asked, unasked = chunks_of(to_stream(body, ASKS)), chunks_of(to_stream(body, DOES_NOT_ASK))
    assert asked[-1]["choices"] == []
    assert [chunk["usage"] for chunk in asked] == [None] * (len(asked) - 1) + [USAGE]
    assert all("usage" not in chunk for chunk in unasked)
    assert len(unasked) == len(asked) - 1


def test_hidden_usage_comes_back_with_the_body() -> None:
    stream = b"".join(to_stream(json.dumps(CHAT_BODIES["plain"]).encode(), DOES_NOT_ASK))
    whole = from_stream(stream, json.dumps(USAGE).encode())
    assert whole is not None
    assert json.loads(whole) == CHAT_BODIES["plain"]
    without = from_stream(stream)
    assert without is not None
    assert "usage" not in json.loads(without)


def test_the_exact_bytes_of_a_short_stream() -> None:
    body = (
        b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":'
        b'{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}'
    )
    head = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    assert to_stream(body, DOES_NOT_ASK) == [
        head + b'{"role":"assistant"},"logprobs":null,"finish_reason":null}]}\n\n',
        head + b'{"content":"Hi"},"logprobs":null,"finish_reason":null}]}\n\n',
        head + b'{},"logprobs":null,"finish_reason":"stop"}]}\n\n',
        b"data: [DONE]\n\n",
    ]


def stream_of(*deltas: Body, finish: str | None = "stop", done: bool = True) -> bytes:
    chunks: list[Body] = [
        {"id": "c", "model": "m", "created": 1, "choices": [{"index": 0, "delta": delta}]} for delta in deltas
    ]
    if finish:
        chunks.append({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + (
        b"data: [DONE]\n\n" if done else b""
    )


def message_of(stream: bytes) -> Body:
    whole = from_stream(stream)
    assert whole is not None
    ChatCompletion.model_validate_json(whole)
    return json.loads(whole)["choices"][0]["message"]


def test_parallel_tool_calls_that_come_interleaved() -> None:
    message = message_of(
        stream_of(
            {
                "role": "assistant",
                "tool_calls": [
                    {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}
                ],
            },
            {
                "tool_calls": [
                    {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x'}}
                ]
            },
            {
                "tool_calls": [
                    {"index": 1, "function": {"arguments": "{}"}},
                    {"index": 0, "function": {"arguments": '":1}'}},
                ]
            },
            finish="tool_calls",
        )
    )
    assert message["content"] is None
    assert message["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]


def test_tool_calls_without_an_index_are_told_apart_by_their_id() -> None:
    message = message_of(
        stream_of(
            {"tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}}]},
            {"tool_calls": [{"function": {"arguments": "}"}}]},
            {"tool_calls": [{"id": "b", "type": "function", "function": {"name": "f", "arguments": "[]"}}]},
        )
    )
    assert [(call["id"], call["function"]["arguments"]) for call in message["tool_calls"]] == [
        ("a", "{}"),
        ("b", "[]"),
    ]


def test_what_a_provider_repeats_in_each_delta_is_not_doubled() -> None:
    message = message_of(
        stream_of(
            {
                "role": "assistant",
                "tool_calls": [
                    {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}}
                ],
            },
            {
                "role": "assistant",
                "tool_calls": [
                    {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "}"}}
                ],
            },
        )
    )
    assert message["role"] == "assistant"
    assert message["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    ]


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"data: [DONE]\n\n",
        stream_of({"content": "half"}, finish=None),
        stream_of({"content": "half"}, finish=None, done=False),
        stream_of({"content": "a"}, done=False)[:-30],
        stream_of({"content": "a"}).replace(b"data: [DONE]", b'data: {"error":{"message":"x"}}'),
        b"event: error\n" + stream_of({"content": "a"}),
        stream_of({"content": "a"}).replace(b'"a"', b'"a'),
        b'data: {"choices":[{"index":1,"delta":{"content":"x"}}]}\n\n' + stream_of({"content": "a"}),
    ],
)
def test_an_incomplete_or_failed_stream_is_no_body(stream: bytes) -> None:
    assert from_stream(stream) is None


def test_a_stream_without_done_is_whole_when_its_choices_have_ended() -> None:
    assert message_of(stream_of({"content": "a"}, done=False))["content"] == "a"


def test_comments_and_line_endings_do_not_matter() -> None:
    stream = b": ping\r\n\r\n" + stream_of({"content": "a"}, {"content": "b"}).replace(b"\n", b"\r\n")
    assert message_of(stream)["content"] == "ab"
