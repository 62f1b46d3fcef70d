"""An estimate of tokens grows with what is said, does not count the bytes of images as text, and says what it is."""

from __future__ import annotations

import json
from typing import Any

from headgate.wire.counting import estimate, estimated_count, is_count
from headgate.wire.neutral import Blob, Image, Message, Request, Text, Tool
from tests.wire.calls import call_of

PATH = "/v1/messages/count_tokens"


def count(**fields: Any) -> tuple[int, list[str]]:
    asked = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello, world"}]} | fields
    call = call_of(json.dumps(asked).encode(), PATH)
    return json.loads(estimated_count(call))["input_tokens"], call.warnings


def test_count_is_told_to_be_an_estimate():
    tokens, warnings = count()
    assert 3 <= tokens <= 10
    assert "estimate" in warnings[0]


def test_system_and_tools_count():
    assert count(system="x" * 400)[0] > count()[0] + 90
    assert (
        count(tools=[{"name": "f", "description": "y" * 400, "input_schema": {"type": "object"}}])[0]
        > count()[0] + 90
    )


def test_bytes_of_an_image_are_not_text():
    small, large = (
        Request("m", [Message("user", [Image(Blob("image/png", data="A" * size))])])
        for size in (100, 1_000_000)
    )
    assert estimate(small) == estimate(large)


def test_an_empty_request_is_at_least_a_token():
    assert estimate(Request("m", [])) == 1
    assert estimate(Request("m", [Message("user", [Text("")])], tools=[Tool("f")])) > 1


def test_only_counts_count():
    assert is_count("anthropic.count_tokens") and not is_count("anthropic.messages")
