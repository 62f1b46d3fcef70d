"""Long answers end at the end of a sentence, whole and streamed alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.modules.inspect.outputcap import OutputCap
from tests.modules.through import Through
from tests.wire import samples
from tests.wire.samples import CHAT, answer

TEXT = "The first one. The second one! And a third that is longer."


def cap(wire: str, limit: int) -> Through:
    return Through(wire, {OutputCap: {"max_chars": limit}})


@pytest.mark.parametrize("wire", samples.TALKING)
@pytest.mark.parametrize(
    ("limit", "left"),
    [(40, "The first one. The second one!"), (20, "The first one."), (5, "The"), (500, TEXT)],
)
def test_plain_and_streamed_are_cut_alike(wire: str, limit: int, left: str) -> None:
    through = cap(wire, limit)
    call = through.ask(stream=True)
    reply = through.answer(call, answer(wire, TEXT))
    assert json.loads(reply.body) == samples.reply(wire, left)
    for size in (1, 7, 100):
        call = through.ask(stream=True)
        assert through.stream(call, [TEXT[at : at + size] for at in range(0, len(TEXT), size)]) == left
        assert bool(call.warnings) == (left != TEXT)


def test_a_long_stream_is_not_held_back_until_it_nears_its_bound() -> None:
    through = cap(CHAT, 10_000)
    call = through.ask(stream=True)
    make = through.chain.stream_filters[0][0]
    held = make(call)
    assert held is not None
    events = samples.stream(CHAT, ["word " * 10] * 10)
    assert [len(held.feed([event])) for event in events] == [1] * len(events)


def test_an_observe_key_gets_all_of_it() -> None:
    through = cap(CHAT, 5)
    call: Any = through.ask(mode="observe", stream=True)
    assert through.stream(call, [TEXT]) == TEXT
