"""What is read of requests and answers that are passed on: model, stream, usage."""

from __future__ import annotations

import json

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.passthrough import SPEC, PassedWatch, is_passed, read_reply, view_of
from headgate.wire.spec import WIRES

FORM = b"multipart/form-data; boundary=xyz"


def form(*fields: tuple[str, bytes]) -> bytes:
    parts = [
        b'--xyz\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in fields
    ]
    return b"".join(parts) + b"--xyz--\r\n"


def test_model_and_stream_are_read_of_json_and_forms() -> None:
    assert view_of(b'{"model":"m","stream":true,"x":1}', b"application/json; charset=utf-8").model == "m"
    assert view_of(b'{"model":"m","stream":true}', b"application/json").stream is True
    assert view_of(form(("file", b"\x00\xff\r\n--no"), ("model", b"whisper-1")), FORM).model == "whisper-1"
    assert view_of(b"\x00\xff", b"application/octet-stream").model == ""
    assert view_of(b"", b"application/json").model == ""


def test_a_file_cannot_hide_a_model() -> None:
    hidden = b'\r\n--other\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o\r\n'
    assert view_of(form(("file", hidden), ("model", b"whisper-1")), FORM).model == "whisper-1"
    for body, kind in (
        (form(("model", b"a"), ("model", b"b")), FORM),
        (b'{"model":"a","model":"b"}', b"application/json"),
    ):
        with pytest.raises(BadRequest):
            view_of(body, kind)


@pytest.mark.parametrize(("usage", "expected"), [
    ({"usage": {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 2}}}, (5, 7, 2)),
    ({"usage": {"input_tokens": 5, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 2}}}, (5, 7, 2)),
    ({"usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 3}}, (8, 7, 3)),
    ({"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}}, (5, 7, 0)),
])  # fmt: skip
def test_every_makers_usage_is_read(usage: dict[str, object], expected: tuple[int, int, int]) -> None:
    facts = read_reply(json.dumps({"model": "m", **usage}).encode())
    assert (facts.usage.prompt_tokens, facts.usage.completion_tokens, facts.usage.cached_tokens) == expected
    assert facts.usage.known
    assert facts.model == "m"


def test_no_usage_is_not_known() -> None:
    assert not read_reply(b'{"data":[]}').usage.known
    with pytest.raises(ValueError, match="JSON"):
        read_reply(b"not json")


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_usage_inside_streams_is_read_wherever_they_are_cut(size: int) -> None:
    anthropic = (
        b'event: message_start\ndata: {"type":"message_start","message":{"model":"c","usage":{"input_tokens":9,'
        b'"cache_read_input_tokens":4,"output_tokens":1}}}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":20}}\n\n'
    )
    openai = b'data: {"model":"g","choices":[]}\n\ndata: {"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n'
    for stream, expected in ((anthropic, (13, 20, "c")), (openai, (3, 4, "g"))):
        watch = PassedWatch()
        out = (
            b"".join(watch.feed(stream[at : at + size]) for at in range(0, len(stream), size))
            + watch.finish()
        )
        facts = watch.facts()
        assert out == stream
        assert (facts.usage.prompt_tokens, facts.usage.completion_tokens, facts.model) == expected


def test_its_paths_are_found_and_not_listed() -> None:
    for path in (
        "/v1/passthrough/openai/v1/x",
        "/v1/images/generations",
        "/v1/files/x/content",
        "/v1/batches",
    ):
        assert is_passed(path)
        assert WIRES[path] is SPEC
        assert path not in WIRES
    with pytest.raises(KeyError):
        WIRES["/v1/nothing"]
