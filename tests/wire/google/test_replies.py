"""Google's whole answers and errors, read from a provider and written for a client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types

from headgate.wire.google.replies import failed_of, read_error, read_reply, write_error, write_reply
from headgate.wire.neutral import Choice, Failed, Finish, Refusal, Reply, Text, Thinking, Tokens, ToolCall
from tests.wire.neutral_forms import ANSWERS, ASKED


def answer(*parts: Any, reason: str = "STOP", **more: Any) -> bytes:
    return json.dumps(
        {"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason} | more]}
    ).encode()


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_written_is_an_answer_for_the_sdk(name: str):
    seen = types.GenerateContentResponse.model_validate_json(write_reply(ANSWERS[name], ASKED))
    said = [part.text for part in ANSWERS[name].choices[0].parts if isinstance(part, (Text, Refusal))]
    assert (seen.text or "") == "".join(said)
    usage = seen.usage_metadata
    if ANSWERS[name].tokens.known:
        assert usage is not None
        assert (usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count) == (
            100,
            15,
            5,
        )
        assert (usage.cached_content_token_count, usage.total_token_count) == (30, 120)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("PROHIBITED_CONTENT", "refusal"), ("OTHER", "other")],
)
def test_reasons_to_finish(reason: str, finish: Finish):
    assert read_reply(answer({"text": "x"}, reason=reason)).choices == [
        Choice([Text("x", maker="google")], finish)
    ]


def test_a_call_is_an_end_of_its_own():
    assert read_reply(answer({"functionCall": {"name": "f", "args": {}}})).choices[0].finish == "tool"


def test_a_blocked_prompt_is_a_refusal():
    assert read_reply(b'{"promptFeedback":{"blockReason":"SAFETY"}}').choices == [Choice([], "refusal")]


def test_pages_that_ground_an_answer_are_its_citations():
    grounding = {"groundingChunks": [{"web": {"uri": "https://x", "title": "X"}}]}
    text = read_reply(answer({"text": "a"}, groundingMetadata=grounding)).choices[0].parts[0]
    assert isinstance(text, Text) and text.citations == [{"type": "web", "url": "https://x", "title": "X"}]


def test_signatures_survive_a_client_of_google():
    reply = Reply(
        "r",
        "m",
        [
            Choice(
                [Thinking("hm", "sig", maker="anthropic"), ToolCall("c", "f", "{}", signature="c2ln")], "tool"
            )
        ],
        Tokens(),
    )
    thought, call = json.loads(write_reply(reply, ASKED))["candidates"][0]["content"]["parts"]
    assert thought["thought"] is True and thought["thoughtSignature"] and call["thoughtSignature"] == "c2ln"


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}', "no"), (b'[{"error":{"message":"no"}}]', "no"),
     (b"<html>", "The provider refused the request with status 400."),
     (b"[]", "The provider refused the request with status 400.")],
)  # fmt: skip
def test_errors_are_read_as_far_as_they_can_be(body: bytes, message: str):
    assert read_error(400, body).message == message


def test_errors_are_written_as_google_writes_them():
    assert json.loads(write_error(Failed(429, "slow down"))) == {
        "error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}
    }
    assert failed_of({"code": 503, "message": "busy"}) == Failed(503, "busy")
    assert failed_of({"code": 12}).status == 500
