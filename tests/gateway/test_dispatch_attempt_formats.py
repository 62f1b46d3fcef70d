"""A call in one format, asked of a provider of the same or of another one: what is sent, what comes back, what is on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import APIError

from headgate.wire.codecs import CODECS
from tests.gateway.conftest import Running, serving
from tests.wire.anthropic.sdk import streamed, whole
from tests.wire.neutral_forms import ANSWERS, ASKED, stream_of

MODEL = "claude-sonnet-4-5"
MESSAGES: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 5000,
    "messages": [{"role": "user", "content": "hi"}],
}
CHAT: dict[str, Any] = {"model": MODEL, "max_tokens": 5000, "messages": [{"role": "user", "content": "hi"}]}
WHOLE = CODECS["anthropic.messages"].write_reply(ANSWERS["parallel calls"], ASKED)
STREAM = stream_of("anthropic.messages", ANSWERS["parallel calls"])
JSON, SSE = "application/json", "text/event-stream"


class Upstream:
    """A provider that keeps what it was sent and answers as it is told."""

    def __init__(self) -> None:
        self.head = ""
        self.body = b""
        self.answer: tuple[int, str, bytes] = (200, JSON, WHOLE)
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")
        )
        self.head, self.body = head, await reader.readexactly(length)
        status, kind, body = self.answer
        lines = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nrequest-id: req_1\r\nconnection: close\r\n"
        writer.write(f"{lines}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    made = Upstream()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture
async def gateway(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Running]:
    url = f"http://127.0.0.1:{upstream.port}"
    async with serving(tmp_path / "data", anthropic_api_key="sk-ant-server", anthropic_base_url=url) as made:
        yield made


async def test_in_the_same_format_every_byte_passes_both_ways(gateway: Running, upstream: Upstream):
    body = json.dumps(MESSAGES | {"next_year": {"a": [1.0]}}, indent=1).encode()
    headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "context-1m"}
    answer = await gateway.ask(body, path="/v1/messages", headers=headers)
    assert (answer.status, answer.body, upstream.body) == (200, WHOLE, body)
    assert (
        "anthropic-version: 2026-10-21\r\n" in upstream.head
        and "anthropic-beta: context-1m\r\n" in upstream.head
    )
    assert upstream.head.lower().count("anthropic-version") == 1
    assert answer.headers["request-id"] == "req_1"


async def test_a_stream_in_the_same_format_passes_byte_for_byte(gateway: Running, upstream: Upstream):
    upstream.answer = (200, SSE, STREAM)
    answer = await gateway.ask(MESSAGES | {"stream": True}, path="/v1/messages")
    assert answer.body == STREAM
    run = await gateway.run(answer.run_id)
    assert (run["promptTokens"], run["completionTokens"]) == (100, 20)


async def test_a_stream_without_its_last_blank_line_passes_whole(gateway: Running, upstream: Upstream):
    upstream.answer = (200, SSE, STREAM.rstrip())
    answer = await gateway.ask(MESSAGES | {"stream": True}, path="/v1/messages")
    assert answer.body == STREAM.rstrip()


async def test_chat_is_asked_as_a_message_and_answered_as_chat(gateway: Running, upstream: Upstream):
    answer = await gateway.ask(CHAT | {"seed": 1})
    assert upstream.head.startswith("POST /v1/messages HTTP/1.1")
    assert json.loads(upstream.body) == MESSAGES
    assert [call["function"]["name"] for call in answer.json["choices"][0]["message"]["tool_calls"]] == [
        "look",
        "find",
    ]
    assert answer.headers["x-headgate-warnings"].startswith("seed was dropped")
    run = await gateway.run(answer.run_id)
    assert (run["provider"], run["promptTokens"], run["completionTokens"]) == ("anthropic", 100, 20)


async def test_chat_streams_from_a_provider_of_messages(gateway: Running, upstream: Upstream):
    upstream.answer = (200, SSE, STREAM)
    answer = await gateway.ask(CHAT | {"stream": True, "stream_options": {"include_usage": True}})
    lines = [line for line in answer.body.decode().split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line[6:]) for line in lines[:-1]]
    assert chunks[-1]["usage"]["prompt_tokens_details"]["cached_tokens"] == 30
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"


async def test_usage_stays_hidden_from_who_did_not_ask_and_is_on_record(gateway: Running, upstream: Upstream):
    upstream.answer = (200, SSE, STREAM)
    answer = await gateway.ask(CHAT | {"stream": True})
    assert b'"usage"' not in answer.body
    assert (await gateway.run(answer.run_id))["promptTokens"] == 100


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_a_refusal_is_told_in_the_clients_own_form(gateway: Running, upstream: Upstream, path: str):
    told = {"type": "error", "error": {"type": "invalid_request_error", "message": "too long"}}
    upstream.answer = (400, JSON, json.dumps(told).encode())
    answer = await gateway.ask(MESSAGES, path=path)
    assert (answer.status, answer.json["error"]["message"]) == (400, "too long")
    assert ("type" in answer.json) is (path == "/v1/messages")


async def test_a_page_instead_of_a_refusal_is_told_in_the_clients_own_form(
    gateway: Running, upstream: Upstream
):
    upstream.answer = (404, "text/html", b"<html>nothing here</html>")
    answer = await gateway.ask(MESSAGES, path="/v1/messages")
    assert (answer.status, answer.json["type"], answer.json["error"]["type"]) == (
        404,
        "error",
        "not_found_error",
    )


async def test_a_stream_that_breaks_ends_with_the_error_of_its_format(gateway: Running, upstream: Upstream):
    upstream.answer = (200, SSE, STREAM[: len(STREAM) // 2])
    answer = await gateway.ask(MESSAGES | {"stream": True}, path="/v1/messages")
    assert b"\nevent: error\n" in answer.body and b"provider_error" in answer.body
    with pytest.raises(APIError):
        streamed(answer.body)
    assert (await gateway.run(answer.run_id))["status"] == "failed"


async def test_tokens_are_counted_by_the_provider_that_can(gateway: Running, upstream: Upstream):
    upstream.answer = (200, JSON, b'{"input_tokens":14}')
    asked = {key: value for key, value in MESSAGES.items() if key != "max_tokens"}
    answer = await gateway.ask(asked, path="/v1/messages/count_tokens")
    assert answer.json == {"input_tokens": 14}
    assert upstream.head.startswith("POST /v1/messages/count_tokens HTTP/1.1")
    assert "x-headgate-warnings" not in answer.headers


async def test_messages_are_answered_by_a_provider_of_chat(running: Running):
    answer = await running.ask(MESSAGES | {"model": "gpt-4o"}, path="/v1/messages")
    assert whole(answer.body)["content"][0]["type"] == "text"
    stream = await running.ask(MESSAGES | {"model": "gpt-4o", "stream": True}, path="/v1/messages")
    message, kinds = streamed(stream.body)
    assert (message["stop_reason"], kinds[0]) == ("end_turn", "message_start")
    assert message["content"][0]["text"] == answer.json["content"][0]["text"]


async def test_tokens_are_estimated_where_the_provider_does_not_count(running: Running):
    answer = await running.ask(MESSAGES | {"model": "gpt-4o"}, path="/v1/messages/count_tokens")
    assert answer.json["input_tokens"] > 0
    assert "estimate" in answer.headers["x-headgate-warnings"]


async def test_an_answer_of_another_format_is_kept_and_streamed_to_a_repeat(running: Running):
    asked = MESSAGES | {"model": "gpt-4o"}
    allow = {"x-headgate-cache": "allow"}
    first = await running.ask(asked, path="/v1/messages", headers=allow)
    again = await running.ask(asked | {"stream": True}, path="/v1/messages", headers=allow)
    other = await running.ask(asked, path="/v1/messages", headers=allow | {"anthropic-beta": "new"})
    assert (again.headers["x-headgate-cache"], other.headers["x-headgate-cache"]) == ("hit", "miss")
    assert streamed(again.body)[0]["content"][0]["text"] == first.json["content"][0]["text"]


async def test_a_streamed_answer_is_kept_for_a_plain_repeat(running: Running):
    asked = MESSAGES | {"model": "gpt-4o"}
    allow = {"x-headgate-cache": "allow"}
    first = await running.ask(asked | {"stream": True}, path="/v1/messages", headers=allow)
    again = await running.ask(asked, path="/v1/messages", headers=allow)
    assert again.headers["x-headgate-cache"] == "hit"
    assert whole(again.body)["content"][0]["text"] == streamed(first.body)[0]["content"][0]["text"]


async def test_a_broken_request_is_refused_in_the_form_of_its_path(running: Running):
    answer = await running.ask({"model": "gpt-4o"}, path="/v1/messages")
    assert (answer.status, answer.json["type"], answer.json["error"]["type"]) == (
        400,
        "error",
        "invalid_request_error",
    )
