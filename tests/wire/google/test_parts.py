"""Google's parts: thoughts and their seals, calls without ids, results and media."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.codec import Fates
from headgate.wire.google.parts import Calls, arguments_of, read_part, thought_fields, write_part
from headgate.wire.neutral import (
    Audio,
    Blob,
    Document,
    Image,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)


def read(*parts: dict[str, Any]) -> list[Part]:
    calls = Calls()
    return [part for fields in parts for part in read_part(fields, calls)]


def written(part: Part, **names: str) -> tuple[list[dict[str, Any]], list[str]]:
    fates = Fates()
    return write_part(part, names, "p", fates), fates.warnings


def test_results_find_their_calls_by_name_and_order():
    parts = read(
        {"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {"name": "g"}}, {"functionCall": {"name": "f"}},
        {"functionResponse": {"name": "f", "response": {"output": "one"}}},
        {"functionResponse": {"name": "f", "response": {"result": {"x": 1}}}},
        {"functionResponse": {"name": "g", "response": {"error": "no"}}},
    )  # fmt: skip
    ids = {part.id: part.name for part in parts if isinstance(part, ToolCall)}
    results = [part for part in parts if isinstance(part, ToolResult)]
    assert len(ids) == 3
    assert [ids[result.call_id] for result in results] == ["f", "f", "g"]
    assert [result.parts[0] for result in results] == [Text("one"), Text('{"x":1}'), Text("no")]
    assert [result.is_error for result in results] == [False, False, True]


def test_ids_that_google_gave_go_back_and_made_up_ones_do_not():
    (own,), _ = written(ToolCall("fc-1", "f", "{}"))
    assert own["functionCall"]["id"] == "fc-1"
    made = read({"functionCall": {"name": "f"}})[0]
    assert isinstance(made, ToolCall)
    (sent,), _ = written(made)
    assert "id" not in sent["functionCall"]


def test_signatures_of_calls_and_texts_come_back():
    call, text = read(
        {"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}, {"text": "x", "thoughtSignature": "dGV4"}
    )[0:2]
    assert isinstance(call, ToolCall) and call.signature == "c2ln"
    assert text == Text("x")
    (sent,), _ = written(call)
    assert sent["thoughtSignature"] == "c2ln"
    assert written(Thinking("", "dGV4", maker="google"))[0] == [{"text": "", "thoughtSignature": "dGV4"}]


@pytest.mark.parametrize(
    "thought",
    [Thinking("hm", "sig", maker="anthropic"), Thinking(redacted="r", maker="anthropic"),
     Thinking("hm", "enc", id="rs_1", maker="openai"),
     Thinking("hm", "c2ln", maker="google")],
)  # fmt: skip
def test_thoughts_of_any_maker_come_back_through_a_client(thought: Thinking):
    assert read(thought_fields(thought)) == [thought]


def test_thoughts_of_others_do_not_reach_google():
    parts, warnings = written(Thinking("hm", "sig", maker="anthropic"))
    assert parts == [] and warnings


def test_media_are_read_by_their_types():
    kinds = [type(part) for part in read(
        {"inlineData": {"mimeType": "image/png", "data": "a-_8"}}, {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}}, {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x"}},
        {"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}}, {"executableCode": {"code": "1"}},
    )]  # fmt: skip
    assert kinds == [Image, Audio, Document, Video, Video, Opaque]
    (image,) = read({"inlineData": {"mimeType": "image/png", "data": "a-_8"}})
    assert isinstance(image, Image) and image.source.data == "a+/8"


def test_files_are_known_to_their_maker_only():
    (own,) = read(
        {
            "fileData": {
                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x",
                "mimeType": "image/png",
            }
        }
    )
    assert isinstance(own, Image) and own.source.maker == "google"
    assert written(own)[0][0]["fileData"]["fileUri"].endswith("files/x")
    with pytest.raises(BadRequest):
        written(Image(Blob(file_id="file-1", maker="openai")))


def test_addresses_go_with_a_guess_of_their_type():
    parts, _ = written(Image(Blob(url="https://x/a.png?b")))
    assert parts == [{"fileData": {"mimeType": "image/png", "fileUri": "https://x/a.png?b"}}]


def test_results_are_objects_with_the_name_of_their_call():
    (fields,), _ = written(ToolResult("c", [Text("sun"), Image(Blob("image/png", data="aGk="))]), c="look")
    told = fields["functionResponse"]
    assert (told["name"], told["response"]) == ("look", {"output": "sun"})
    assert told["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]
    assert written(ToolResult("c", [Text('{"a":1}')]), c="look")[0][0]["functionResponse"]["response"] == {
        "a": 1
    }
    with pytest.raises(BadRequest):
        written(ToolResult("unknown", [Text("x")]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", {}), ('{"a":1}', {"a": 1}), ("[1]", {"arguments": [1]}), ("no", {"arguments": "no"})],
)
def test_arguments_are_an_object(text: str, expected: dict[str, Any]):
    assert arguments_of(text) == expected


def test_text_files_are_text_and_what_has_no_place_is_told():
    parts, warnings = written(Document(Blob(text="hi"), "notes", "ctx"))
    assert parts == [{"text": "notes\n\nhi"}] and warnings
    assert written(Opaque("openai", "web_search_call", {}))[1]
    with pytest.raises(BadRequest):
        written(ToolCall("c", "f", "free", custom=True))


def test_a_result_in_the_wrapping_of_an_sdk_is_what_is_inside():
    wrapped = {"functionResponse": {"name": "f", "response": {"name": "f", "content": "sunny"}}}
    own = {"functionResponse": {"name": "f", "response": {"name": "Ada", "content": "x"}}}

    [first], [second] = read_part(wrapped, Calls()), read_part(own, Calls())

    assert isinstance(first, ToolResult)
    assert isinstance(second, ToolResult)
    assert first.parts == [Text("sunny")]
    assert second.parts == [Text('{"name":"Ada","content":"x"}')]
