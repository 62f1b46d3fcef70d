"""Every wire that can be called has a reader of its requests and of its answers."""

from __future__ import annotations

from typing import get_args

from headgate.call.call import Wire
from headgate.wire.text_walks import REPLIES, REQUESTS, Walk

NEVER_CALLED = {"openai.models", "bedrock.converse"}  # lists no texts; spoken upstream only


def test_no_wire_is_left_out() -> None:
    called = set(get_args(Wire)) - NEVER_CALLED
    assert called <= set(REQUESTS)
    assert called <= set(REPLIES)


def test_shapes_that_are_not_as_expected_are_no_error() -> None:
    odd = [
        None,
        1,
        "x",
        [],
        {},
        [None],
        [1],
        ["x"],
        [{}],
        {"content": 1},
        {"parts": "x"},
        {"content": {"parts": 3}},
    ]
    names = (
        "messages",
        "system",
        "input",
        "instructions",
        "contents",
        "prompt",
        "choices",
        "output",
        "candidates",
        "content",
        "tools",
    )
    for walkers in (REQUESTS, REPLIES):
        for walk in walkers.values():
            for name in names:
                for value in odd:
                    walk(Walk(), {name: value})
