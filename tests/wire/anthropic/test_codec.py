"""The codec is what the files beside it do."""

import json

from headgate.wire.anthropic.codec import MessagesCodec
from headgate.wire.codec import Fates
from headgate.wire.neutral import Failed
from tests.wire.neutral_forms import ANSWERS, ASKED


def test_a_request_that_goes_in_and_out_is_the_same():
    body = {
        "model": "claude-sonnet-5",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "hi"}],
        "system": "be brief",
        "container": "c",
    }
    codec, fates = MessagesCodec(), Fates()
    assert (
        json.loads(
            codec.write_request(codec.read_request(json.dumps(body).encode()), "claude-sonnet-5", fates)
        )
        == body
    )
    assert fates.warnings == []


def test_answers_and_errors_go_both_ways():
    codec = MessagesCodec()
    assert codec.read_reply(codec.write_reply(ANSWERS["text"], ASKED)).model == ANSWERS["text"].model
    assert codec.read_error(404, codec.write_error(Failed(404, "gone"))).message == "gone"
    assert codec.stream_reader().feed(b"") == [] and codec.stream_writer(ASKED).finish() == b""
