"""The commit point: what counts as content in each format, and what ends an opening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from headgate.call.call import Wire
from headgate.gateway import dispatch_opening
from headgate.gateway.dispatch_opening import FailedBeforeContent, open_stream
from headgate.kernel import json
from headgate.providers.upstream import UpstreamFailure


class Source:
    """An upstream of given chunks; a number is a pause, an exception is raised."""

    def __init__(self, *pieces: bytes | float | Exception) -> None:
        self.status, self.headers, self.body, self.ended, self.cancelled = 200, [], b"", False, False
        self._pieces = list(pieces)

    def header(self, name: bytes) -> bytes | None:
        return None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while self._pieces:
            piece = self._pieces.pop(0)
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, bytes):
                return piece
            await asyncio.sleep(piece)
        self.ended = True
        raise StopAsyncIteration

    async def read(self, limit: int) -> bytes:
        return b"".join([piece async for piece in self])

    def cancel(self) -> None:
        self.cancelled = True


def sse(data: Any, name: str = "") -> bytes:
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + json.encode(data) + b"\n\n"


def delta(**fields: Any) -> bytes:
    return sse(
        {
            "id": "c",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": fields, "finish_reason": None}],
        }
    )


BEGINNINGS: dict[Wire, list[bytes]] = {
    "openai.chat": [delta(role="assistant", content="")],
    "anthropic.messages": [
        sse({"type": "message_start", "message": {"id": "m", "model": "c", "role": "assistant", "content": [],
                                                  "usage": {"input_tokens": 3, "output_tokens": 1}}}, "message_start"),
        sse({"type": "ping"}, "ping"),
        sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, "content_block_start"),
    ],
    "openai.responses": [
        sse({"type": "response.created", "response": {"id": "r", "model": "g", "status": "in_progress", "output": []}},
            "response.created"),
    ],
    "google.generate": [],
}  # fmt: skip
CONTENT: dict[Wire, bytes] = {
    "openai.chat": delta(content="Hi"),
    "anthropic.messages": sse(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}, "content_block_delta"
    ),
    "openai.responses": sse({"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0,
                             "delta": "Hi"}, "response.output_text.delta"),
    "google.generate": sse({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "index": 0}]}),
    "openai.completions": sse({"choices": [{"index": 0, "text": "Hi"}]}),
}  # fmt: skip
ERRORS: dict[Wire, bytes] = {
    "openai.chat": sse({"error": {"message": "overloaded", "type": "server_error", "code": "overloaded"}}),
    "anthropic.messages": sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error"),
    "openai.responses": sse({"type": "error", "code": "server_error", "message": "no"}, "error"),
    "google.generate": sse({"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}),
    "openai.completions": sse({"error": {"message": "overloaded"}}),
}  # fmt: skip


@pytest.mark.parametrize("wire", list(CONTENT))
async def test_it_is_held_back_until_the_first_content_and_nothing_is_lost(wire: Wire) -> None:
    begin = BEGINNINGS.get(wire, [])
    opened = await open_stream(Source(*begin, CONTENT[wire], b"rest"), wire, within_s=5)

    assert [piece async for piece in opened] == [b"".join(begin) + CONTENT[wire], b"rest"]


@pytest.mark.parametrize("wire", list(ERRORS))
async def test_an_error_before_the_content_is_a_failure(wire: Wire) -> None:
    source = Source(*BEGINNINGS.get(wire, []), ERRORS[wire], CONTENT[wire])

    with pytest.raises(FailedBeforeContent):
        await open_stream(source, wire, within_s=5)

    assert source.cancelled


@pytest.mark.parametrize("wire", list(CONTENT))
async def test_the_end_before_the_content_is_a_failure(wire: Wire) -> None:
    with pytest.raises(FailedBeforeContent) as failed:
        await open_stream(Source(*BEGINNINGS.get(wire, [])), wire, within_s=5)

    assert failed.value.reason == "incomplete"


async def test_chunks_may_end_anywhere() -> None:
    whole = b"".join([*BEGINNINGS["openai.chat"], CONTENT["openai.chat"]])
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]

    opened = await open_stream(Source(*pieces), "openai.chat", within_s=5)

    assert b"".join([piece async for piece in opened]) == whole


async def test_silence_is_bounded_in_time() -> None:
    source = Source(*BEGINNINGS["openai.chat"], 5.0, CONTENT["openai.chat"])

    with pytest.raises(FailedBeforeContent) as failed:
        await open_stream(source, "openai.chat", within_s=0.02)

    assert (failed.value.reason, source.cancelled) == ("first_content_timeout", True)


async def test_what_is_held_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_opening, "MAX_HELD_BYTES", 1000)
    comment = b": " + b"x" * 400 + b"\n\n"

    opened = await open_stream(Source(*[comment] * 5), "openai.chat", within_s=5)

    assert await anext(aiter(opened)) == comment * 3


async def test_a_connection_that_breaks_is_given_up() -> None:
    source = Source(*BEGINNINGS["openai.chat"], UpstreamFailure("reset", "gone", sent=True))

    with pytest.raises(UpstreamFailure):
        await open_stream(source, "openai.chat", within_s=5)


async def test_the_call_of_a_tool_is_content() -> None:
    call = delta(
        tool_calls=[
            {"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": ""}}
        ]
    )

    opened = await open_stream(Source(*BEGINNINGS["openai.chat"], call, 60.0), "openai.chat", within_s=5)

    assert call in await anext(aiter(opened))
