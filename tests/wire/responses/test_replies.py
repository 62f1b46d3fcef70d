"""Whole responses, read from a provider and written for a client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response

from headgate.kernel.errors import ProviderError
from headgate.wire.neutral import (
    Blob,
    Choice,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Refusal,
    Reply,
    Request,
    Text,
    Thinking,
    Tokens,
    Tool,
    ToolCall,
)
from headgate.wire.responses.replies import annotations_of, failed_of, is_ours, read_reply, write_reply
from tests.wire.neutral_forms import ANSWERS, ASKED


def answer(*items: Any, **fields: Any) -> bytes:
    return json.dumps(
        {"id": "resp_1", "model": "m", "status": "completed", "output": list(items)} | fields
    ).encode()


def said(**more: Any) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": "x"} | more]}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_written_is_a_response_for_the_sdk(name: str):
    reply = ANSWERS[name]
    seen = Response.model_validate(json.loads(write_reply(reply, ASKED)), strict=False)
    texts = "".join(part.text for part in reply.choices[0].parts if isinstance(part, Text))
    assert seen.output_text == texts and is_ours(seen.id)
    assert seen.status == ("incomplete" if reply.choices[0].finish in ("length", "refusal") else "completed")
    if reply.tokens.known:
        assert seen.usage is not None
        assert (
            seen.usage.input_tokens,
            seen.usage.input_tokens_details.cached_tokens,
            seen.usage.total_tokens,
        ) == (100, 30, 120)
        assert seen.usage.output_tokens_details.reasoning_tokens == 5


def test_a_response_says_what_was_asked():
    request = Request(
        "m",
        [Message("system", [Text("be brief")])],
        "openai",
        max_tokens=9,
        temperature=0.5,
        tools=[Tool("f", "d", {"type": "object"})],
        output=OutputFormat("json"),
        metadata={"a": "b"},
        store=False,
    )
    told = json.loads(write_reply(ANSWERS["text"], request))
    assert (told["instructions"], told["max_output_tokens"], told["temperature"], told["store"]) == (
        "be brief",
        9,
        0.5,
        False,
    )
    assert (
        told["tools"][0]["name"] == "f"
        and told["text"] == {"format": {"type": "json_object"}}
        and told["metadata"] == {"a": "b"}
    )


def test_all_kinds_of_items():
    reply = read_reply(
        answer(
            {
                "type": "reasoning",
                "id": "rs",
                "summary": [{"text": "a"}, {"text": "b"}],
                "encrypted_content": "gAAA=",
            },
            said(annotations=[{"a": 1}]),
            {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "i"},
            {"type": "image_generation_call", "result": "aGk=", "output_format": "webp"},
            {"type": "web_search_call", "id": "ws"},
            usage={"input_tokens": 3, "output_tokens": 1},
            service_tier="flex",
        )
    )
    assert reply.choices[0].parts == [
        Thinking("a\n\nb", "gAAA=", id="rs", maker="openai"),
        Text("x", citations=[{"a": 1}], maker="openai"),
        Refusal("no"),
        ToolCall("c", "f", "{}"),
        ToolCall("d", "g", "i", custom=True),
        Image(Blob("image/webp", data="aGk=")),
        Opaque("openai", "web_search_call", {"type": "web_search_call", "id": "ws"}),
    ]
    assert reply.choices[0].finish == "tool" and reply.tokens.tier == "flex" and reply.tokens.input == 3


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_output_tokens", "length"), ("content_filter", "refusal"), ("steered", "other")],
)
def test_incomplete_answers(reason: str, finish: str):
    assert (
        read_reply(answer(said(), status="incomplete", incomplete_details={"reason": reason}))
        .choices[0]
        .finish
        == finish
    )


def test_a_failure_inside_a_good_status_is_a_failure():
    with pytest.raises(ProviderError, match="slow down"):
        read_reply(answer(status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"}))
    assert failed_of({"code": "rate_limit_exceeded"}).status == 429
    assert failed_of({"code": "invalid_image"}).status == 400
    assert failed_of({}).status == 500


def test_thoughts_and_signatures_of_others_come_back_with_the_next_request():
    parts = [
        Thinking("hm", "sig", maker="anthropic"),
        Thinking(redacted="r", maker="anthropic"),
        ToolCall("c", "f", "{}", signature="c2ln"),
    ]
    output = json.loads(write_reply(Reply("r", "m", [Choice([*parts], "tool")], Tokens()), ASKED))["output"]
    assert [item["type"] for item in output] == ["reasoning", "reasoning", "reasoning", "function_call"]
    assert all(item["encrypted_content"].startswith("hg1.") for item in output[:3])


def test_citations_are_flat_here():
    nested = {
        "type": "url_citation",
        "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1},
    }
    assert annotations_of(Text("x", citations=[nested], maker="openai")) == [
        {"type": "url_citation", **nested["url_citation"]}
    ]
    assert (
        annotations_of(Text("xy", citations=[{"url": "u"}, {"cited_text": "q"}], maker="anthropic"))[0][
            "end_index"
        ]
        == 2
    )


def test_pictures_are_items_of_their_own():
    output = json.loads(
        write_reply(Reply("r", "m", [Choice([Image(Blob("image/png", data="aGk="))])], Tokens()), ASKED)
    )["output"]
    assert (output[0]["type"], output[0]["result"]) == ("image_generation_call", "aGk=")
