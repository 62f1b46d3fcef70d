"""A text in a stream can be changed wherever it is cut into events, and nothing is held longer than it is uncertain."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.kernel.errors import Unavailable
from headgate.wire.hold_back import Edit, HoldBackFilter, WindowScanner
from tests.wire import samples
from tests.wire.samples import CHAT, MESSAGES, RESPONSES, stream, streamed_text

WORD = re.compile("secret[0-9]+")


def mask(role: str, text: str) -> list[Edit]:
    return [Edit(match.start(), match.end(), "[X]") for match in WORD.finditer(text)]


def unchanged(text: str, found: list[Edit]) -> list[Edit]:
    return found


def through(wire: str, events: list[bytes], window: int | None = 20, batch: int = 1) -> list[bytes]:
    held = HoldBackFilter(wire, WindowScanner(mask, unchanged, window))
    out: list[bytes] = []
    for at in range(0, len(events), batch):
        out += held.feed(events[at : at + batch])
    return out + held.finish()


def cut(text: str, places: list[int]) -> list[str]:
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]


@pytest.mark.parametrize("wire", samples.TALKING)
@given(
    places=st.lists(st.integers(0, 200), max_size=12),
    batch=st.integers(1, 4),
    window=st.sampled_from([12, 20, None]),
)
@settings(max_examples=40, deadline=None)
def test_wherever_the_text_is_cut_the_change_is_the_same(
    wire: str, places: list[int], batch: int, window: int | None
) -> None:
    text = "it is secret12 and secret7, never secre or secret"
    out = through(wire, stream(wire, cut(text, places)), window, batch)
    assert streamed_text(wire, out) == "it is [X] and [X], never secre or secret"
    assert b"secret12" not in b"".join(out)


@pytest.mark.parametrize("wire", samples.TALKING)
def test_events_in_which_nothing_changes_keep_their_bytes_and_order(wire: str) -> None:
    events = stream(wire, ["nothing ", "to ", "see"])
    assert through(wire, events) == events


def test_text_leaves_as_soon_as_it_is_certain() -> None:
    held = HoldBackFilter(CHAT, WindowScanner(mask, unchanged, 12))
    out = [held.feed([event]) for event in stream(CHAT, ["a" * 8] * 5)[:6]]
    assert [len(events) for events in out] == [1, 0, 0, 1, 1, 1]


def test_what_follows_a_finished_block_is_not_held_with_it() -> None:
    held = HoldBackFilter(MESSAGES, WindowScanner(mask, unchanged, 1000))
    events = stream(MESSAGES, ["short"])
    stop = next(index for index, event in enumerate(events) if b"content_block_stop" in event)
    assert held.feed(events[:stop]) == events[: stop - 1]
    assert held.feed(events[stop : stop + 1]) == events[stop - 1 : stop + 1]


def test_text_that_is_interrupted_by_a_tool_call_leaves_and_is_still_looked_at_when_it_goes_on() -> None:
    def chunk(delta: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"

    held = HoldBackFilter(CHAT, WindowScanner(mask, unchanged, 1000))
    assert held.feed([chunk({"content": "secre"})]) == []
    call = chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})
    assert len(held.feed([call])) == 1
    out = held.feed([chunk({"content": "t99 is"})]) + held.finish()
    assert streamed_text(CHAT, out) == "[X] is"


def test_the_whole_text_at_the_end_of_a_stream_of_responses_changes_too() -> None:
    out = through(RESPONSES, stream(RESPONSES, ["sec", "ret1", "2 ok"]))
    assert b"".join(out).count(b"[X] ok") == 4  # text done, part done, item done, completed


def test_more_than_may_be_held_ends_the_stream_instead_of_letting_it_pass_unseen() -> None:
    held = HoldBackFilter(CHAT, WindowScanner(mask, unchanged, None), max_held=1000)
    with pytest.raises(Unavailable) as refusal:
        for event in stream(CHAT, ["x" * 50] * 20):
            held.feed([event])
    assert refusal.value.detail["verdict"] == "not_scanned"


def test_what_was_put_in_is_not_looked_at_again_and_what_stays_is_told_once() -> None:
    told: list[str] = []

    def find(role: str, text: str) -> list[Edit]:
        return [Edit(match.start(), match.end(), "") for match in re.finditer("ab+", text)]

    def settle(text: str, found: list[Edit]) -> list[Edit]:
        told.extend(text[each.start : each.end] for each in found)
        return [
            each._replace(new="<ab>" if each.end - each.start > 3 else text[each.start : each.end])
            for each in found
        ]

    held = HoldBackFilter(CHAT, WindowScanner(find, settle, 5))
    out: list[bytes] = []
    events = stream(CHAT, list("x ab x abbbb x ab xxxxxxxxxxxx"))
    for event in events:
        out += held.feed([event])
    out += held.finish()
    assert streamed_text(CHAT, out) == "x ab x <ab> x ab xxxxxxxxxxxx"
    assert told == ["ab", "abbbb", "ab"]
    assert out[:4] == events[:4]  # an edit that changes nothing leaves the bytes


def test_events_that_cannot_be_read_pass() -> None:
    events = [
        b": comment\n\n",
        b"data: no json\n\n",
        b"data: [1]\n\n",
        b"event: ping\ndata: {}\n\n",
        b"data: [DONE]\n\n",
    ]
    assert through(CHAT, events) == events
