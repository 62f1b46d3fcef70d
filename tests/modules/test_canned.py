"""A given text becomes an answer in the wire of the call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.modules.canned import canned_reply
from headgate.testing.clock import FixedClock
from headgate.wire.spec import WIRES
from tests.record.cache.calls import EMBEDDINGS, make_call

MESSAGES = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(("endpoint", "body", "path"), [
    ("/v1/chat/completions", {"messages": MESSAGES}, ("choices", 0, "message", "content")),
    ("/v1/completions", {"prompt": "x"}, ("choices", 0, "text")),
    ("/v1/messages", {"messages": MESSAGES, "max_tokens": 9}, ("content", 0, "text")),
])  # fmt: skip
def test_every_speaking_wire(
    clock: FixedClock, endpoint: str, body: dict[str, Any], path: tuple[Any, ...]
) -> None:
    reply = canned_reply(
        make_call({"model": "m"} | body, clock=clock, endpoint=endpoint), "hello", created_s=1
    )
    assert reply is not None and reply.cost_pico == 0
    value: Any = json.loads(reply.body)
    for step in path:
        value = value[step]
    assert value == "hello"
    assert (
        WIRES[endpoint].read_reply(reply.body).usage.completion_tokens == reply.usage.completion_tokens == 2
    )


def test_an_embedding_is_no_text(clock: FixedClock) -> None:
    assert (
        canned_reply(
            make_call({"model": "m", "input": "x"}, clock=clock, endpoint=EMBEDDINGS), "x", created_s=1
        )
        is None
    )
