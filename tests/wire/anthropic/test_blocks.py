"""Anthropic's content blocks keep what they hold on their way in and out."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.anthropic.blocks import read_content, write_blocks
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Audio,
    Blob,
    CacheMark,
    Document,
    Image,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from headgate.wire.node import Node

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
HOUR = CacheMark("1h")
PDF = {"type": "base64", "media_type": "application/pdf", "data": "AA=="}
PAIRS: list[tuple[dict[str, Any], Part]] = [
    ({"type": "text", "text": "x"} | MARK, Text("x", HOUR, maker="anthropic")),
    (
        {"type": "text", "text": "x", "citations": [{"type": "char_location"}]},
        Text("x", citations=[{"type": "char_location"}], maker="anthropic"),
    ),
    (
        {"type": "image", "source": {"type": "url", "url": "https://e.org"}} | MARK,
        Image(Blob(url="https://e.org"), cache=HOUR),
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
        Image(Blob("image/png", data="AA==")),
    ),
    (
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        Image(Blob(file_id="f", maker="anthropic")),
    ),
    (
        {"type": "document", "source": PDF, "title": "t", "context": "c", "citations": {"enabled": True}}
        | MARK,
        Document(Blob("application/pdf", data="AA=="), "t", "c", citations=True, cache=HOUR),
    ),
    (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "body"}},
        Document(Blob("text/plain", text="body")),
    ),
    ({"type": "thinking", "thinking": "hm", "signature": "s"}, Thinking("hm", "s", maker="anthropic")),
    ({"type": "redacted_thinking", "data": "d"}, Thinking(redacted="d", maker="anthropic")),
    (
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}} | MARK,
        ToolCall("t", "f", '{"a":1}', cache=HOUR),
    ),
    (
        {"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": True} | MARK,
        ToolResult("t", [Text("x")], is_error=True, cache=HOUR),
    ),
    (
        {"type": "web_search_tool_result", "tool_use_id": "t", "content": []},
        Opaque(
            "anthropic",
            "web_search_tool_result",
            {"type": "web_search_tool_result", "tool_use_id": "t", "content": []},
        ),
    ),
]


@pytest.mark.parametrize(("fields", "part"), PAIRS)
def test_a_block_is_read_and_written_as_it_was(fields: dict[str, Any], part: Part):
    assert read_content(Node({"content": [fields]}), "content") == [part]
    fates = Fates()
    assert json.decode(json.encode(write_blocks([part], "p", fates))) == [fields]
    assert fates.warnings == []


def test_results_hold_images():
    fields = {"type": "tool_result", "tool_use_id": "t", "content": [
        {"type": "text", "text": "see"}, {"type": "image", "source": {"type": "url", "url": "https://e.org"}},
    ]}  # fmt: skip
    assert write_blocks(read_content(Node({"content": [fields]}), "content"), "p", Fates()) == [fields]


def test_what_the_neutral_form_cannot_hold_is_told():
    node = Node(
        {"content": [{"type": "image", "source": {"type": "url", "url": "u"}, "transformations": {"a": 1}}]}
    )
    read_content(node, "content")
    assert node.lost == ["content[].transformations"]


def test_empty_texts_are_left_out():
    assert write_blocks([Text(""), Refusal("")], "p", Fates()) == []


@pytest.mark.parametrize(
    "part",
    [
        Audio(Blob("audio/wav", data="AA==")),
        Image(Blob(file_id="f", maker="openai")),
        Document(Blob("application/zip", data="AA==")),
        Opaque("google", "executableCode", {}),
        ToolCall("t", "f", "[1]"),
        ToolCall("t", "f", "{"),
    ],
)
def test_what_would_be_missing_is_refused(part: Part):
    with pytest.raises(BadRequest) as told:
        write_blocks([part], "messages[0].content", Fates())
    assert told.value.param == "messages[0].content"


def test_thoughts_of_others_are_left_out_and_told():
    fates = Fates()
    assert write_blocks([Thinking("hm", "s", maker="google"), Thinking("hm")], "p", fates) == []
    assert len(fates.warnings) == 1


def test_other_lives_of_marks_are_told():
    fates = Fates()
    assert (
        write_blocks([Text("x", CacheMark("12h"))], "p", fates)[0]["cache_control"] == MARK["cache_control"]
    )
    assert fates.warnings == ["prompt_cache_breakpoint.ttl: 12h is sent as 1h"]


def test_ids_are_written_in_the_characters_that_are_allowed():
    blocks = write_blocks([ToolCall("functions.f:0", "f"), ToolResult("functions.f:0", [])], "p", Fates())
    assert blocks[0]["id"] == blocks[1]["tool_use_id"] == "functions_f_0"


def test_arguments_are_passed_on_byte_for_byte():
    block = write_blocks(
        [ToolCall("t", "f", '{"n": 1.0, "big": 123456789012345678901234567890}')], "p", Fates()
    )[0]
    assert bytes(block["input"]) == b'{"n": 1.0, "big": 123456789012345678901234567890}'
