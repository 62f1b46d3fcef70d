"""Embeddings: inputs of every kind, facts, the cache form."""

from __future__ import annotations

import pytest

from headgate.call.frames import Usage
from headgate.kernel.errors import BadRequest
from headgate.wire.openai_embeddings import SPEC, cache_form, parse, read_reply
from headgate.wire.shape import ReplyFacts
from tests.wire.calls import EMBEDDINGS, call_of


@pytest.mark.parametrize("told", [b'"x"', b'["x","y"]', b"[1,2]", b"[[1],[2]]"])
def test_inputs(told: bytes) -> None:
    assert parse(b'{"model":"m","input":' + told + b"}").stream is False


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":"m"}', "input"),
        (b'{"model":"m","input":null}', "input"),
        (b'{"model":"m","input":7}', "input"),
        (b'{"model":"m","input":{}}', "input"),
        (b'{"model":"m","input":"x","stream":true}', "stream"),
        (b'{"input":"x"}', "model"),
    ],
)
def test_other_bodies_are_refused(body: bytes, param: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(body)
    assert refusal.value.param == param


def test_only_the_model_is_changed_on_the_way() -> None:
    body = b'{"input":["model"], "model":"openai:m","dimensions":3}'
    call = call_of(body, EMBEDDINGS)
    assert SPEC.upstream_body(call) is body
    call.model = "m"
    assert SPEC.upstream_body(call) == b'{"input":["model"], "model":"m","dimensions":3}'


def test_facts() -> None:
    body = b'{"object":"list","data":[{"embedding":[0.1]}],"model":"e","usage":{"prompt_tokens":5,"total_tokens":5}}'
    assert read_reply(body) == ReplyFacts(
        Usage(5, known=True), b'{"prompt_tokens":5,"total_tokens":5}', "", False, "e"
    )
    assert read_reply(b"{}") == ReplyFacts(Usage(), b"", "", False, "")
    for broken in (b"", b"[]", b"[" * 100_000):
        with pytest.raises(ValueError):
            read_reply(broken)


def test_the_cache_form_keeps_format_and_dimensions() -> None:
    assert cache_form(b'{"model":"m","input":"x","user":"u","encoding_format":"base64","dimensions":2}') == (
        b'{"dimensions":2,"encoding_format":"base64","input":"x"}'
    )
