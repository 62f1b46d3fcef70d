"""The codec of responses is whole: a request and an answer come out as they went in."""

from __future__ import annotations

import json

import pytest

from headgate.wire.codec import Fates
from headgate.wire.responses.codec import ResponsesCodec
from tests.wire.neutral_forms import ANSWERS, ASKED, essence


def test_a_request_is_written_as_it_was_read():
    body = {
        "model": "m",
        "instructions": "be brief",
        "max_output_tokens": 9,
        "store": False,
        "metadata": {"a": "b"},
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
        "tool_choice": "required",
    }
    codec, fates = ResponsesCodec(), Fates()
    assert json.loads(codec.write_request(codec.read_request(json.dumps(body).encode()), "m", fates)) == body
    assert fates.warnings == []


@pytest.mark.parametrize("name", ["text", "one call", "parallel calls", "thoughts", "cut off"])
def test_answers_come_back(name: str):
    codec = ResponsesCodec()
    again = codec.read_reply(codec.write_reply(ANSWERS[name], ASKED))
    assert essence(again).choices == essence(ANSWERS[name]).choices


def test_errors_are_those_of_openai():
    codec = ResponsesCodec()
    failed = codec.read_error(404, b'{"error":{"message":"no","code":"model_not_found"}}')
    assert json.loads(codec.write_error(failed))["error"]["code"] == "model_not_found"
    assert codec.stream_reader().finish() == [] and codec.stream_writer(ASKED).finish() == b""
