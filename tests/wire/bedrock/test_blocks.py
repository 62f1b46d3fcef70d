"""Content blocks of Converse: ids, names and media as the provider takes them."""

from __future__ import annotations

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.bedrock.blocks import cache_point, safe_id, write_blocks
from headgate.wire.codec import Fates
from headgate.wire.neutral import Audio, Blob, CacheMark, Document, Image, Opaque, Text, ToolCall, Video


def test_ids_are_made_of_what_the_provider_takes():
    assert safe_id("call|1/2") == "call_1_2"
    assert safe_id("") == "call"
    assert len(safe_id("x" * 100)) == 64


def test_a_life_the_provider_does_not_know_is_told():
    fates = Fates()
    assert cache_point(CacheMark("30m"), fates) == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert fates.warnings == ["prompt_cache_breakpoint.ttl: 30m is sent as 1h"]


def test_arguments_that_are_no_object_are_told():
    fates = Fates()
    (block,) = write_blocks([ToolCall("c", "f", "not json")], "p", fates)
    assert block["toolUse"]["input"] == {"arguments": "not json"}
    assert fates.warnings


def test_media_are_named_by_their_formats():
    blocks = write_blocks(
        [Image(Blob("image/jpg", data="aGk=")), Video(Blob("video/mp4", data="aGk=")), Audio(Blob("audio/wav", data="aGk="))],
        "p", Fates(),
    )  # fmt: skip
    assert [next(iter(block.items()))[1]["format"] for block in blocks] == ["jpeg", "mp4", "wav"]


def test_documents_are_text_bytes_or_in_s3():
    blocks = write_blocks(
        [Document(Blob(text="hi"), "notes.txt"), Document(Blob("text/csv", data="aGk="), "a.csv"),
         Document(Blob("application/pdf", url="s3://b/k"))], "p", Fates(),
    )  # fmt: skip
    told = [block["document"] for block in blocks]
    assert [each["format"] for each in told] == ["txt", "csv", "pdf"]
    assert [each["name"] for each in told] == ["notes", "a", "document"]
    assert told[0]["source"] == {"text": "hi"} and told[2]["source"] == {"s3Location": {"uri": "s3://b/k"}}
    with pytest.raises(BadRequest):
        write_blocks([Document(Blob(file_id="file-1", maker="openai"))], "p", Fates())


def test_empty_texts_are_left_out_and_what_others_made_is_dropped():
    fates = Fates()
    own = Opaque("bedrock", "guardContent", {"guardContent": {}})
    assert write_blocks([Text(""), own, Opaque("openai", "web_search_call", {})], "p", fates) == [own.data]
    assert fates.warnings
