"""The mock provider: answers in this process, without a key, deterministically, for any model id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from headgate.kernel import json
from headgate.providers.mocking import chat, completions, embeddings, responses
from headgate.providers.mocking.request import CREATED, Fields, Refused, Request, read
from headgate.providers.upstream import UpstreamFailure
from headgate.wire.sse import DONE_EVENT, data_event

CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, MODELS = (
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/models",
)
MODEL_IDS = (
    "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-mini", "gpt-3.5-turbo-instruct", "mock",
    "text-embedding-3-large", "text-embedding-3-small",
)  # fmt: skip
_LIGHT_BYTES = 16 * 1024
_LIGHT_COUNT = 4
_LIGHT_DIMENSIONS = 1536
_JSON, _SSE = b"application/json", b"text/event-stream; charset=utf-8"


class MockSettings(Protocol):
    """What the mock reads of the settings."""

    @property
    def mock_latency_ms(self) -> float: ...
    @property
    def mock_chunk_ms(self) -> float: ...


class MockReply:
    """An answer with the face of `providers.reply.UpstreamReply`. A stream without pauses comes as one chunk."""

    def __init__(
        self, status: int, body: bytes = b"", *, events: list[bytes] | None = None, pause_s: float = 0.0
    ) -> None:
        self.status = status
        self.body = body
        self.headers = [(b"content-type", _JSON if events is None else _SSE), (b"x-request-id", b"req_mock")]
        self._pause_s = pause_s
        self._events = iter(events if pause_s else [b"".join(events)]) if events is not None else iter(())
        self.ended = events is None

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case)."""
        return next((value for key, value in self.headers if key == name), None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        event = next(self._events, None)
        if event is None or self.ended:
            self.ended = True
            raise StopAsyncIteration
        if self._pause_s:
            await asyncio.sleep(self._pause_s)
        return event

    async def read(self, limit: int) -> bytes:
        """The rest of the body. Raises UpstreamFailure `too_large` beyond `limit` bytes."""
        pieces = [self.body, *[piece async for piece in self]]
        if sum(map(len, pieces)) > limit:
            raise UpstreamFailure("too_large", f"the answer is larger than {limit} bytes", sent=True)
        return b"".join(pieces)

    def cancel(self) -> None:
        """Give up: no more chunks come."""
        self.ended = True


class MockProvider:
    """Answers `send` like an upstream. Times are milliseconds: before an answer, and between the chunks of a stream."""

    def __init__(self, *, latency_ms: float = 0.0, chunk_ms: float = 0.0) -> None:
        self._latency_s = latency_ms / 1000
        self._chunk_s = chunk_ms / 1000

    @staticmethod
    def from_settings(settings: MockSettings) -> MockProvider:
        return MockProvider(latency_ms=settings.mock_latency_ms, chunk_ms=settings.mock_chunk_ms)

    async def send(self, path: str, body: bytes) -> MockReply:
        """The answer to `body` at `path` (`/v1/...`)."""
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if is_heavy(body):
            return await asyncio.to_thread(self.answer, path, body)  # the event loop serves others meanwhile
        return self.answer(path, body)

    def answer(self, path: str, body: bytes) -> MockReply:
        """The same without waiting."""
        if path == MODELS:
            return MockReply(
                200, json.encode({"object": "list", "data": [_model(name) for name in MODEL_IDS]})
            )
        if path.startswith(f"{MODELS}/"):
            return MockReply(200, json.encode(_model(path.removeprefix(f"{MODELS}/"))))
        try:
            return self._generate(path, read(body))
        except Refused as refused:
            return MockReply(400, refused.body())

    def _generate(self, path: str, request: Request) -> MockReply:
        if path == CHAT:
            answer = chat.completion(request)
            if request.stream:
                return self._stream(request, answer, "chat.completion.chunk", chat.chunks(answer))
        elif path == RESPONSES:
            if request.stream:
                return MockReply(200, events=responses.events(request), pause_s=self._chunk_s)
            answer = responses.response(request)
        elif path == COMPLETIONS:
            answer = completions.completion(request)
            if request.stream:
                return self._stream(request, answer, "text_completion", completions.chunks(answer))
        elif path == EMBEDDINGS:
            answer = embeddings.embeddings(request)
        else:
            return MockReply(
                404,
                json.encode({"error": {"message": f"Unknown path {path}.", "type": "invalid_request_error"}}),
            )
        return MockReply(200, json.encode(answer))

    def _stream(self, request: Request, answer: Fields, kind: str, choices: list[Fields]) -> MockReply:
        head = {key: value for key, value in answer.items() if key not in ("object", "choices", "usage")} | {
            "object": kind
        }
        unused: Fields = {"usage": None} if request.wants_usage else {}
        chunks: list[Fields] = [head | {"choices": [choice]} | unused for choice in choices]
        if request.wants_usage:
            chunks.append(head | {"choices": [], "usage": answer["usage"]})
        events = [data_event(chunk) for chunk in chunks]
        return MockReply(200, events=[*events, DONE_EVENT], pause_s=self._chunk_s)


def is_heavy(body: bytes) -> bool:
    """May an answer take milliseconds to make? Long bodies, many choices, many inputs, schemas."""
    if len(body) > _LIGHT_BYTES or b'"json_schema"' in body or b'"parameters"' in body:
        return True
    try:
        asked = _decode_counts(body)
    except (ValueError, RecursionError):
        return False
    many = max(asked.n or 1, asked.dimensions // _LIGHT_DIMENSIONS if asked.dimensions else 1)
    return many * (len(asked.input) if isinstance(asked.input, list) else 1) > _LIGHT_COUNT


class _Counts(msgspec.Struct, gc=False):
    n: int | None = 1
    dimensions: int | None = None
    input: str | list[msgspec.Raw] | None = None


_decode_counts = msgspec.json.Decoder(_Counts).decode


def _model(name: str) -> Fields:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "mock"}
