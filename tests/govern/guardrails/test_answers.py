"""Secrets are taken out of bodies on every wire; what is signed or binary stays as it is."""

from __future__ import annotations

import json

import pytest

from headgate.govern.guardrails.answers import count_stream, redact_answer, redact_request
from tests.wire import samples
from tests.wire.samples import MESSAGES, answer, call_on, request, stream

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize("wire", samples.WIRES)
def test_requests_and_answers(wire: str) -> None:
    call = call_on(wire, request(wire, f"use {KEY}"))
    assert redact_request(call, change=False) == {"aws_key": 1}
    assert KEY in call.body.decode()
    assert redact_request(call, change=True) == {"aws_key": 1}
    assert json.loads(call.body) == request(wire, "use [redacted:aws_key]")


@pytest.mark.parametrize("wire", samples.TALKING)
def test_answers_and_streams(wire: str) -> None:
    reply = answer(wire, f"use {KEY}")
    assert redact_answer(reply, change=True) == {"aws_key": 1}
    assert json.loads(reply.body) == samples.reply(wire, "use [redacted:aws_key]")
    assert count_stream(wire, b"".join(stream(wire, [KEY[:7], KEY[7:12], KEY[12:] + " ok"]))) == {
        "aws_key": 1
    }


def test_what_is_signed_or_binary_is_left_alone() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": f"x+{KEY}"}
    thought = {"type": "thinking", "thinking": "hm", "signature": f"x+{KEY}"}
    content = [{"type": "image", "source": source}, thought]
    call = call_on(MESSAGES, {"model": "m", "messages": [{"role": "user", "content": content}]})
    assert not redact_request(call, change=True)
