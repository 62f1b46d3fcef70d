"""Google's answers between their forms: whole, as events, as an array."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.wire.google.streams import ArrayOf, array_body, array_chunks, from_stream, to_stream
from tests.wire.neutral_forms import pieces

CALL = cast(Call, None)
PARTS: list[dict[str, Any]] = [
    {"text": "hm", "thought": True}, {"text": "long " * 3000},
    {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
    {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
]  # fmt: skip
ANSWER = {
    "candidates": [{"content": {"role": "model", "parts": PARTS}, "finishReason": "STOP", "index": 0, "safetyRatings": []}],
    "usageMetadata": {"promptTokenCount": 3}, "modelVersion": "g", "responseId": "r",
}  # fmt: skip


def test_a_kept_answer_streams_and_comes_back_the_same():
    events = to_stream(json.dumps(ANSWER).encode(), CALL)
    assert len(events) > len(PARTS)
    whole = from_stream(b"".join(events))
    assert whole is not None
    assert json.loads(whole) == ANSWER


def test_several_candidates_keep_their_places():
    candidates = [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": index}
                  for index, text in enumerate("ab")]  # fmt: skip
    whole = from_stream(b"".join(to_stream(json.dumps({"candidates": candidates}).encode(), CALL)))
    assert whole is not None and json.loads(whole)["candidates"] == candidates


def test_a_blocked_prompt_streams_too():
    body = b'{"promptFeedback":{"blockReason":"SAFETY"},"modelVersion":"g"}'
    whole = from_stream(b"".join(to_stream(body, CALL)))
    assert whole is not None and json.loads(whole) == json.loads(body)


def test_a_signature_ends_a_text():
    events = [{"text": "a"}, {"text": "b", "thoughtSignature": "x"}, {"text": "c"}]
    stream = b"".join(
        b"data: %b\n\n"
        % json.dumps({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}).encode()
        for part in events
    )
    whole = from_stream(stream)
    assert whole is not None
    assert json.loads(whole)["candidates"][0]["content"]["parts"] == [
        {"text": "ab", "thoughtSignature": "x"},
        {"text": "c"},
    ]


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}\n\n',
        b'data: {"error":{"code":500}}\n\n',
        b"data: {\n\n",
    ],
)
def test_what_failed_or_never_ended_is_no_answer(stream: bytes):
    assert from_stream(stream) is None


STREAM = b"".join(to_stream(json.dumps(ANSWER).encode(), CALL))


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_an_array_is_the_same_wherever_chunks_end(cuts: list[int]):
    array = ArrayOf()
    out = b"".join([array.feed(piece) for piece in pieces(STREAM, cuts)]) + array.finish()
    assert out == array_body(STREAM)
    assert len(json.loads(out)) == len(to_stream(json.dumps(ANSWER).encode(), CALL))


def test_an_empty_stream_is_an_empty_array():
    assert json.loads(array_body(b"")) == []


@pytest.mark.asyncio
async def test_the_array_ends_with_the_chunk_that_settles_the_call():
    call = cast(Call, SimpleNamespace(notes={}))

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"data: {}\n\n"
        call.notes["settled"] = True
        yield b"data: {}\n\n"

    assert [chunk async for chunk in array_chunks(call, chunks())] == [b"[{}", b",\r\n{}]"]
