"""The client formats of Google: what is read of requests, and errors that name the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest, NotFound
from headgate.wire.google.spec import COUNT, GENERATE, STREAM, stream_error, wants_array
from headgate.wire.spec import find

ASK: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}, {"text": "there"}]}]}


def body(**more: Any) -> bytes:
    return json.dumps(ASK | more).encode()


@pytest.mark.parametrize("name", ["generationConfig", "generation_config"])
def test_temperature_is_read_in_both_spellings(name: str):
    assert GENERATE.parse(body(**{name: {"temperature": 0}})).temperature == 0


def test_the_path_says_whether_the_answer_streams():
    assert not GENERATE.parse(body()).stream
    assert STREAM.parse(body()).stream


@pytest.mark.parametrize(
    ("wrong", "param"),
    [(b"{}", "contents"), (b'{"contents":[]}', "contents"), (b'{"contents":"x"}', "contents"), (b"[]", None),
     (b'{"contents":[{"parts":[]}],"generationConfig":{"temperature":"hot"}}', "generationConfig.temperature")],
)  # fmt: skip
def test_errors_name_the_field(wrong: bytes, param: str | None):
    with pytest.raises(BadRequest) as told:
        GENERATE.parse(wrong)
    assert told.value.param == param


def test_counting_takes_contents_or_a_whole_request():
    assert COUNT.parse(body())
    assert COUNT.parse(json.dumps({"generateContentRequest": ASK}).encode())
    assert COUNT.parse(json.dumps({"generate_content_request": ASK}).encode())
    with pytest.raises(BadRequest):
        COUNT.parse(b'{"generateContentRequest":{}}')


def test_what_cannot_change_the_answer_is_not_in_the_key():
    assert GENERATE.cache_form(body(labels={"a": "b"}, store=True)) == GENERATE.cache_form(body())
    assert GENERATE.cache_form(body(tools=[])) != GENERATE.cache_form(body())


def test_the_last_text_of_the_user_is_shown():
    view = GENERATE.parse(body(contents=[*ASK["contents"], {"role": "model", "parts": [{"text": "no"}]}]))
    assert GENERATE.last_user_text(view) == "hi there"


@pytest.mark.parametrize(
    ("query", "array"), [(b"", True), (b"alt=sse", False), (b"key=k&alt=sse", False), (b"alt=json", True)]
)
def test_without_alt_sse_a_stream_is_an_array(query: bytes, array: bool):
    assert wants_array(query) == array


@pytest.mark.parametrize(
    ("path", "model", "template"),
    [
        ("/v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash", GENERATE.path),
        ("/v1/models/gemini-2.5-flash:streamGenerateContent", "gemini-2.5-flash", STREAM.path),
        ("/v1beta/models/bedrock/anthropic.x-v1:0:countTokens", "bedrock/anthropic.x-v1:0", COUNT.path),
    ],
)
def test_the_model_stands_in_the_path(path: str, model: str, template: str):
    found = find(path)
    assert found is not None
    assert (found.model, found.spec.path) == (model, template)


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models/:generateContent",
        "/v1beta/models/x:embedContent",
        "/v1beta/x",
        GENERATE.path,
        "/v1/models/gpt-4o",
    ],
)
def test_other_paths_are_nothing_of_it(path: str):
    found = find(path)
    assert found is None or found.model == "{model}"


def test_an_error_in_a_stream_is_googles():
    event = stream_error(NotFound("gone"))
    assert json.loads(event.removeprefix(b"data: "))["error"]["status"] == "NOT_FOUND"
