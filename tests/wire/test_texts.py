"""The texts of calls and answers are found on every wire, and changing one leaves every other byte alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.spec import WIRES
from headgate.wire.texts import (
    read_request,
    reply_text,
    reply_texts,
    request_texts,
    rewrite_reply,
    rewrite_request,
    stream_texts,
)
from tests.wire import samples
from tests.wire.samples import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    GOOGLE,
    MESSAGES,
    RESPONSES,
    answer,
    call_on,
    request,
)


def said(call: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in request_texts(call):
        found.setdefault(text.role, []).append(text.text)
    return found


@pytest.mark.parametrize("wire", samples.WITH_SYSTEM)
def test_system_user_tool_and_what_a_tool_is_asked_are_found(wire: str) -> None:
    call = call_on(wire, request(wire, "hello", system="be kind", tool="the page"))
    found = said(call)
    assert found["system"] == ["be kind"]
    assert found["user"] == ["hello"]
    assert found["tool"] == ["the page"]
    assert "page" in found["tool_call"][0]


@pytest.mark.parametrize("wire", samples.WIRES)
def test_a_changed_text_goes_out_and_the_rest_stays(wire: str) -> None:
    call = call_on(wire, request(wire, "my name is Ada", system="be kind"))
    before = json.loads(call.body)
    at = next(text.path for text in request_texts(call) if text.role == "user")
    rewrite_request(call, {at: 'my "name"\n is X'})
    assert json.loads(call.body) == json.loads(
        json.dumps(before).replace("my name is Ada", 'my \\"name\\"\\n is X')
    )
    assert [text.text for text in request_texts(call) if text.role == "user"] == ['my "name"\n is X']


@pytest.mark.parametrize("wire", samples.TALKING)
def test_answers_are_read_and_changed(wire: str) -> None:
    call, reply = call_on(wire, request(wire, "hello")), answer(wire, "it is Ada")
    reply.same_as = "run_0"
    assert reply_text(call, reply) == "it is Ada"
    rewrite_reply(call, reply, {text.path: "it is X" for text in reply_texts(call, reply)})
    assert json.loads(reply.body) == samples.reply(wire, "it is X")
    assert reply.same_as == ""


def test_untouched_values_keep_their_bytes() -> None:
    body = (
        b'{ "model":"gpt-4o", "seed":1e3 ,"messages":[ {"role":"user","content":"a \\u00e9"},'
        b'{"role":"user","content":"b"}], "x":{"n": 1.50} }'
    )
    call = call_on(CHAT, body)
    rewrite_request(call, {("messages", 1, "content"): "c"})
    assert b'"content":"a \\u00e9"' in call.body
    assert b'"seed":1e3' in call.body
    assert b'{"n": 1.50}' in call.body
    assert b'"c"' in call.body


def test_a_body_is_read_once_until_it_changes() -> None:
    call = call_on(CHAT, request(CHAT, "hello"))
    first = request_texts(call)
    assert request_texts(call) is first
    rewrite_request(call, {("messages", 0, "content"): "bye"})
    assert request_texts(call)[0].text == "bye"


def test_the_view_follows_the_body_so_that_lists_do_not_show_what_was_taken_out() -> None:
    path = "/v1/chat/completions"
    body = request(CHAT, "call 555-0100")
    call = call_on(CHAT, body, endpoint=path)
    call.view = WIRES[path].parse(call.body)
    call.view.model = "named-by-the-path"
    rewrite_request(call, {("messages", 0, "content"): "call [PHONE]"})
    assert WIRES[path].last_user_text(call.view) == "call [PHONE]"
    assert call.view.model == "named-by-the-path"


PARTS: list[tuple[str, Any, list[tuple[str, str]], list[str]]] = [
    (
        CHAT,
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "see"},
                        {"type": "image_url", "image_url": {"url": "data:x"}},
                        {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
                        {"type": "file", "file": {"file_data": "x"}},
                    ],
                }
            ]
        },
        [("user", "see")],
        ["image", "audio", "file"],
    ),
    (
        CHAT,
        {
            "messages": [
                {"role": "developer", "content": "d"},
                {
                    "role": "assistant",
                    "content": None,
                    "refusal": "no",
                    "reasoning_content": "hm",
                    "function_call": {"name": "f", "arguments": "{}"},
                },
                {"role": "function", "name": "f", "content": "r"},
            ]
        },
        [("system", "d"), ("assistant", "no"), ("thinking", "hm"), ("tool_call", "{}"), ("tool", "r")],
        [],
    ),
    (
        CHAT,
        {
            "messages": [],
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "description": "does",
                        "parameters": {"properties": {"a": {"type": "string", "description": "what"}}},
                    },
                }
            ],
        },
        [("definition", "does"), ("definition", "what")],
        [],
    ),
    (COMPLETIONS, {"prompt": ["a", "b"], "suffix": "c"}, [("user", "a"), ("user", "b"), ("user", "c")], []),
    (COMPLETIONS, {"prompt": [1, 2, 3]}, [], ["tokens"]),
    (EMBEDDINGS, {"input": [[1, 2], [3]]}, [], ["tokens"]),
    (
        MESSAGES,
        {
            "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": "plain"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "sig"},
                        {"type": "redacted_thinking", "data": "x"},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "document",
                            "title": "T",
                            "source": {"type": "text", "media_type": "text/plain", "data": "doc"},
                        },
                        {"type": "document", "source": {"type": "base64", "data": "x"}},
                        {
                            "type": "search_result",
                            "source": "u",
                            "title": "R",
                            "content": [{"type": "text", "text": "found"}],
                        },
                        {"type": "tool_result", "tool_use_id": "t", "content": "told"},
                    ],
                },
            ],
        },
        [
            ("system", "s"),
            ("user", "plain"),
            ("thinking", "hm"),
            ("user", "T"),
            ("user", "doc"),
            ("user", "R"),
            ("user", "found"),
            ("tool", "told"),
        ],
        ["sealed thinking", "file"],
    ),
    (
        RESPONSES,
        {"input": "just text", "prompt": {"id": "p", "variables": {"who": "Ada"}}},
        [("user", "just text"), ("user", "Ada")],
        [],
    ),
    (
        RESPONSES,
        {
            "input": [
                {
                    "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": "hm"}],
                    "encrypted_content": "x",
                },
                {"type": "custom_tool_call", "input": "ls"},
                {"type": "custom_tool_call_output", "output": [{"type": "input_text", "text": "files"}]},
                {"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": "x"}},
                {"type": "item_reference", "id": "i"},
            ]
        },
        [("thinking", "hm"), ("tool_call", "ls"), ("tool", "files")],
        ["image", "stored item"],
    ),
    (
        GOOGLE,
        {
            "system_instruction": {"parts": [{"text": "s"}]},
            "contents": [
                {"parts": [{"text": "u"}, {"inlineData": {"mimeType": "image/png", "data": "x"}}]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "t", "thought": True},
                        {"executableCode": {"code": "1+1"}},
                        {"codeExecutionResult": {"output": "2"}},
                    ],
                },
            ],
        },
        [("system", "s"), ("user", "u"), ("thinking", "t"), ("tool_call", "1+1"), ("tool", "2")],
        ["image"],
    ),
    (
        "google.count_tokens",
        {"generateContentRequest": {"contents": [{"parts": [{"text": "u"}]}]}},
        [("user", "u")],
        [],
    ),
    (
        "passthrough",
        {"query": "q", "documents": ["a", {"text": "b"}]},
        [("user", "q"), ("user", "a"), ("user", "b")],
        [],
    ),
]


@pytest.mark.parametrize(("wire", "body", "texts", "unread"), PARTS)
def test_every_kind_of_part_is_read_or_named_as_unread(
    wire: str, body: Any, texts: list[tuple[str, str]], unread: list[str]
) -> None:
    reading = read_request(call_on(wire, body))
    assert [(text.role, text.text) for text in reading.texts] == texts
    assert list(reading.unread) == unread


def test_what_is_no_json_is_named_as_unread() -> None:
    assert read_request(call_on("passthrough", b"--boundary\r\n")).unread == ("body",)


def test_signed_thinking_is_marked_as_sealed() -> None:
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "sig"}, {"type": "text", "text": "so"}]
    call = call_on(MESSAGES, {"messages": [{"role": "assistant", "content": blocks}]})
    assert [text.sealed for text in request_texts(call)] == [True, False]


@pytest.mark.parametrize("wire", samples.TALKING)
def test_the_texts_of_a_stream_are_put_together(wire: str) -> None:
    sse = b"".join(samples.stream(wire, ["it ", "is ", "Ada"]))
    assert stream_texts(wire, sse) == [("assistant", "it is Ada")]
    assert stream_texts("passthrough", sse) == [("assistant", "it is Ada")]
