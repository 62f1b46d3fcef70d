"""The codec of generateContent is whole: a request and an answer come out as they went in."""

from __future__ import annotations

import json

from headgate.wire.codec import Fates
from headgate.wire.google.codec import GoogleCodec
from tests.wire.neutral_forms import ANSWERS, ASKED, essence, stream_of


def test_a_request_of_google_is_written_as_it_was_read():
    body = {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}], "systemInstruction": {"parts": [{"text": "be brief"}]},
        "generationConfig": {"temperature": 0.5, "maxOutputTokens": 9, "stopSequences": ["x"]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
    }  # fmt: skip
    fates = Fates()
    codec = GoogleCodec()
    assert json.loads(codec.write_request(codec.read_request(json.dumps(body).encode()), "g", fates)) == body
    assert fates.warnings == []


def test_answers_come_back_whole_and_streamed():
    codec = GoogleCodec()
    reply = ANSWERS["parallel calls"]
    again = codec.read_reply(codec.write_reply(reply, ASKED))
    assert essence(again).choices[0].finish == "tool"
    assert stream_of("google.generate", reply).endswith(b"\n\n")
    assert codec.read_error(404, b"{}").status == 404 and b"NOT_FOUND" in codec.write_error(
        codec.read_error(404, b"{}")
    )
    assert codec.stream_reader().finish() == []
