"""A temperature goes where the wire has it, and never over the caller's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.modules.bodies import set_temperature
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import EMBEDDINGS, make_call


@pytest.mark.parametrize(("wire", "body", "path"), [
    ("openai.chat", {}, ("temperature",)), ("google.generate", {}, ("generationConfig", "temperature")),
    ("google.generate", {"generationConfig": {"topK": 3}}, ("generationConfig", "temperature")),
])  # fmt: skip
def test_it_is_set_in_its_place(
    clock: FixedClock, wire: Any, body: dict[str, Any], path: tuple[str, ...]
) -> None:
    call = make_call({"model": "m", "messages": [{"role": "user", "content": "x"}]} | body, clock=clock)
    call.wire = wire
    assert set_temperature(call, 0.5)
    value: Any = json.loads(call.body)
    for step in path:
        value = value[step]
    assert value == 0.5 == call.view.temperature


def test_the_callers_own_stays_and_embeddings_have_none(clock: FixedClock) -> None:
    call = make_call(clock=clock)
    assert not set_temperature(call, 0.5) and call.view.temperature == 0
    assert not set_temperature(make_call({"model": "m", "input": "x"}, clock=clock, endpoint=EMBEDDINGS), 0.5)
