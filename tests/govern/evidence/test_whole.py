"""Streams are put together before they are looked at, and what an answer says is read in its own format."""

from __future__ import annotations

import json

from headgate.govern.evidence.whole import Said, said, whole_response

PATH = "/v1/chat/completions"


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def test_a_stream_stands_whole_and_a_broken_one_is_none() -> None:
    whole = (
        event({"role": "assistant", "content": "sec"})
        + event({"content": "ret"}, "stop")
        + b"data: [DONE]\n\n"
    )

    put_together = whole_response(PATH, whole)

    assert put_together is not None
    assert said("openai.chat", put_together) == Said("secret", [])
    assert whole_response(PATH, whole[:-20]) is None
    assert whole_response("/elsewhere", whole) is None
    assert whole_response(PATH, b"{}") == b"{}"


def test_tool_calls_are_read_with_their_arguments() -> None:
    calls = [{"id": "x", "type": "function", "function": {"name": "pay", "arguments": '{"n": 1}'}}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    body = {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }

    assert said("openai.chat", json.dumps(body).encode()) == Said("", [("pay", {"n": 1})])
    assert said("openai.chat", b"[]") is None
    assert said("openai.embeddings", b"{}") is None
