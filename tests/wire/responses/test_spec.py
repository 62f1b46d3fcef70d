"""The client format of OpenAI responses: what is read of requests, with OpenAI's own errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest, ProviderError
from headgate.wire.responses.spec import SPEC, ResponsesView, stream_error


def body(**more: Any) -> bytes:
    return json.dumps({"model": "gpt-4o", "input": "hi"} | more).encode()


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        (body(input=3), "input"),
        (body(input=["hi"]), "input[0]"),
        (body(stream="yes"), "stream"),
        (body(temperature="hot"), "temperature"),
        (body(previous_response_id=""), "previous_response_id"),
        (body(previous_response_id=7), "previous_response_id"),
        (body(model="\n"), "model"),
        (body(store="no"), "store"),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_errors_name_the_field(wrong: bytes, param: str | None):
    with pytest.raises(BadRequest) as told:
        SPEC.parse(wrong)
    assert told.value.param == param


def test_what_the_provider_may_know_better_is_not_judged_here():
    view = SPEC.parse(b'{"prompt":{"id":"pmpt_1"},"max_output_tokens":-5}')
    assert isinstance(view, ResponsesView) and view.model == ""
    assert SPEC.parse(body(stream=None)).stream is False


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("hello", "hello"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "a"),
        (
            [
                {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
                {"type": "function_call_output", "output": "x"},
            ],
            "a",
        ),
        ([], ""),
    ],
)
def test_the_last_text_of_the_user_is_shown(given: Any, text: str):
    assert SPEC.last_user_text(SPEC.parse(body(input=given))) == text


def test_what_cannot_change_the_answer_is_not_in_the_key():
    same = body(store=False, stream=True, user="u", metadata={"a": "b"}, prompt_cache_key="k")
    assert SPEC.cache_form(same) == SPEC.cache_form(body())
    assert SPEC.cache_form(body(previous_response_id="resp_1")) != SPEC.cache_form(body())


def test_an_error_in_a_stream_is_a_typed_event():
    event = stream_error(ProviderError("it broke"))
    name, data = event.split(b"\n")[:2]
    assert name == b"event: error"
    assert json.loads(data.removeprefix(b"data: "))["message"] == "it broke"
