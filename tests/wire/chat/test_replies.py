"""Answers and errors of chat completions, in all the ways in which its speakers spell them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from headgate.wire.chat.replies import (
    annotations_of,
    read_error,
    read_reply,
    tokens_of,
    write_error,
    write_reply,
)
from headgate.wire.neutral import Choice, Failed, Refusal, Reply, Request, Text, Thinking, ToolCall
from tests.wire.neutral_forms import ANSWERS, ASKED, SIGNED

THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


def answer(message: dict[str, Any], finish: str = "stop", **more: Any) -> Choice:
    fields = {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    } | more
    return read_reply(json.dumps(fields).encode()).choices[0]


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_is_valid_to_the_official_sdk(name: str):
    ChatCompletion.model_validate_json(write_reply(ANSWERS[name], ASKED), strict=True)


def test_thoughts_are_told_as_text_and_as_blocks_to_send_back():
    message = json.loads(write_reply(SIGNED, ASKED))["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    assert message["thinking_blocks"] == [{"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}]


def test_a_provider_that_says_stop_although_it_called():
    calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]
    choice = answer({"content": None, "tool_calls": calls})
    assert choice.finish == "tool"
    assert choice.parts == [ToolCall("a", "f", '{"x":1}')]


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ({"content": "x", "reasoning_content": "hm"}, Thinking("hm")),
        ({"content": "x", "reasoning": "hm"}, Thinking("hm")),
        ({"content": [THOUGHT, {"type": "text", "text": "x"}]}, Thinking("hm")),
        ({"content": None, "refusal": "no"}, Refusal("no")),
        ({"content": [{"type": "text", "text": "x"}]}, Text("x")),
    ],
)  # fmt: skip
def test_the_spellings_in_use(message: dict[str, Any], part: Any):
    assert answer(message).parts[0] == part


def test_clients_of_the_older_functions_get_their_call_there():
    reply = Reply("r", "m", [Choice([ToolCall("a", "f", "{}")], "tool")])
    choice = json.loads(write_reply(reply, Request("m", [], functions=True)))["choices"][0]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert choice["finish_reason"] == "function_call"


def test_the_provider_pays_for_what_it_told():
    tokens = tokens_of(
        b'{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":2}}'
    )
    assert (tokens.input, tokens.output, tokens.cache_read, tokens.audio_in, tokens.known) == (
        9,
        4,
        3,
        2,
        True,
    )
    assert not tokens_of(b"").known


def test_several_choices_stay_several():
    body = json.loads(
        write_reply(Reply("r", "m", [Choice([Text("a")]), Choice([Text("b")], "length")]), ASKED)
    )
    assert [(one["index"], one["message"]["content"], one["finish_reason"]) for one in body["choices"]] == [
        (0, "a", "stop"), (1, "b", "length"),
    ]  # fmt: skip


def test_a_citation_of_a_web_page_is_an_annotation():
    cited = Text(
        "found",
        citations=[{"type": "web_search_result_location", "url": "https://e.org", "title": "E"}],
        maker="anthropic",
    )
    told = annotations_of([Text("I "), cited])
    assert told == [
        {
            "type": "url_citation",
            "url_citation": {"start_index": 2, "end_index": 7, "title": "E", "url": "https://e.org"},
        }
    ]
    assert annotations_of([Text("x", citations=[{"type": "char_location"}], maker="anthropic")]) == []


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        (b'{"error":{"message":"no","type":"t","code":"c","param":"p"}}', Failed(400, "no", "t", "c", "p")),
        (b'{"error":"no"}', Failed(400, "no")),
        (b'{"message":"no"}', Failed(400, "no")),
        (b"<html>", Failed(400, "The provider refused the request with status 400.")),
    ],
)
def test_errors_in_the_shapes_in_use(body: bytes, failed: Failed):
    assert read_error(400, body) == failed


def test_an_error_is_written_with_its_status():
    error = json.loads(write_error(Failed(529, "busy")))["error"]
    assert error == {"message": "busy", "type": "api_error", "param": None, "code": None, "status": 529}


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_what_is_no_answer_is_told(body: bytes):
    with pytest.raises(ValueError):
        read_reply(body)
