"""Content parts of chat messages keep what they hold, and say what another provider could not take."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.chat.parts import content_parts, thinking_parts_of, write_content
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
    Video,
)
from headgate.wire.node import Node

MARK = {"prompt_cache_breakpoint": {"mode": "explicit"}}
PAIRS: list[tuple[dict[str, Any], Part]] = [
    ({"type": "text", "text": "x"} | MARK, Text("x", CacheMark())),
    ({"type": "refusal", "refusal": "no"}, Refusal("no")),
    (
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        Image(Blob("image/png", data="AA=="), "low"),
    ),
    (
        {"type": "image_url", "image_url": {"url": "https://e.org/a"}} | MARK,
        Image(Blob(url="https://e.org/a"), cache=CacheMark()),
    ),
    ({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}, Audio(Blob("audio/wav", data="AA=="))),
    ({"type": "video_url", "video_url": {"url": "https://e.org/v"}}, Video(Blob(url="https://e.org/v"))),
    (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
        Document(Blob("application/pdf", data="AA=="), "a.pdf"),
    ),
    ({"type": "file", "file": {"file_id": "f1"}}, Document(Blob(file_id="f1", maker="openai"))),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "part"), PAIRS)
def test_a_part_is_read_and_written_as_it_was(fields: dict[str, Any], part: Part):
    assert content_parts(Node({"content": [fields]}), "content") == [part]
    fates = Fates()
    assert write_content([part], "p", fates) == [fields]
    assert fates.warnings == []


def test_the_mark_that_many_send_is_understood():
    fields = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert content_parts(Node({"content": [fields]}), "content") == [Text("x", CacheMark("1h"))]


def test_plain_text_stays_plain():
    assert write_content([Text("x")], "p", Fates()) == "x"
    assert content_parts(Node({"content": "x"}), "content") == [Text("x")]
    assert content_parts(Node({"content": None}), "content") == []


@pytest.mark.parametrize(
    "part",
    [
        Image(Blob(file_id="f", maker="anthropic")),
        Document(Blob(url="https://e.org/a.pdf")),
        Document(Blob(file_id="f", maker="anthropic")),
        Audio(Blob(url="https://e.org/a.wav")),
        Opaque("anthropic", "search_result", {}),
    ],
)
def test_what_would_be_missing_is_refused(part: Part):
    with pytest.raises(BadRequest) as told:
        write_content([part], "messages[0].content", Fates())
    assert told.value.param == "messages[0].content"


def test_a_text_file_is_sent_as_text_with_its_title():
    assert write_content([Document(Blob("text/plain", text="body"), "notes")], "p", Fates()) == [
        {"type": "text", "text": "notes\n\nbody"}
    ]


def test_a_documents_wishes_are_told_when_they_are_lost():
    fates = Fates()
    write_content([Document(Blob("application/pdf", data="AA=="), context="c", citations=True)], "p", fates)
    assert [warning.partition(" was")[0] for warning in fates.warnings] == ["p.context", "p.citations"]


def test_thoughts_come_back_with_their_signatures():
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "thinking", "thinking": "so", "signature": "g", "maker": "google"},
        {"type": "other"},
    ]
    assert thinking_parts_of({"thinking_blocks": blocks, "reasoning_content": "hm"}) == [
        Thinking("hm", "s", maker="anthropic"), Thinking(redacted="d", maker="anthropic"), Thinking("so", "g", maker="google"),
    ]  # fmt: skip
    assert thinking_parts_of({"reasoning": "hm"}) == [Thinking("hm")]
