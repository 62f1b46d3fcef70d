"""What a call is expected to cost is read of its body on every wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.modules.limits import max_output
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import make_call


@pytest.mark.parametrize(("body", "expected"), [
    ({"max_tokens": 7}, 7), ({"max_completion_tokens": 8, "max_tokens": 7}, 8), ({"max_output_tokens": 9}, 9),
    ({"generationConfig": {"maxOutputTokens": 3}}, 3), ({}, 500), ({"max_tokens": "x"}, 500), ({"max_tokens": -1}, 500),
])  # fmt: skip
def test_the_longest_answer_is_read_on_every_wire(
    clock: FixedClock, body: dict[str, Any], expected: int
) -> None:
    call = make_call(clock=clock)
    call.body = json.dumps({"model": "m"} | body).encode()
    assert max_output(call, 500) == expected
