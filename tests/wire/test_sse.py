"""Server-sent events: splitting at any boundary, any line ending, bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import ProviderError
from headgate.wire import sse
from headgate.wire.sse import Event, Splitter, read_event, split_events, with_data

STREAMS = st.lists(
    st.sampled_from(
        [
            b"data: a",
            b"data:b",
            b": note",
            b"event: error",
            b"id: 1",
            b"x",
            b"\n",
            b"\n\n",
            b"\r\n",
            b"\r\n\r\n",
            b"\r",
        ]
    ),
    max_size=12,
).map(b"".join)


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at these places."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[low:high] for low, high in pairwise(edges)]


CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@pytest.mark.parametrize(
    ("data", "events", "rest"),
    [
        (b"", [], b""),
        (b"data: a\n\ndata: b\n\ndata", [b"data: a\n\n", b"data: b\n\n"], b"data"),
        (b"data: a\r\n\r\ndata: b\r\rx", [b"data: a\r\n\r\n", b"data: b\r\r"], b"x"),
        (b"a\n\r\nb\r\n\nc\r\n", [b"a\n\r\n", b"b\r\n\n"], b"c\r\n"),
    ],
)
def test_events_end_at_blank_lines_of_any_kind(data: bytes, events: list[bytes], rest: bytes) -> None:
    assert split_events(data) == (events, rest)


@given(STREAMS)
def test_splitting_loses_nothing(data: bytes) -> None:
    events, rest = split_events(data)
    assert b"".join(events) + rest == data


@given(STREAMS, CUTS)
def test_a_splitter_loses_nothing_and_gives_whole_events(data: bytes, cuts: list[int]) -> None:
    splitter = Splitter()
    blocks = [splitter.feed(chunk) for chunk in chunked(data, cuts)]
    rest = splitter.finish()
    assert b"".join(blocks) + rest == data
    read = [event for block in [*blocks, rest] for event in _read(block)]
    assert read == _read(data)


def _read(data: bytes) -> list[Event]:
    events, rest = split_events(data)
    fields = [read_event(event) for event in [*events, rest]]
    return [event for event in fields if event.data is not None or event.name]


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (b'data: {"a":1}\n\n', Event(b'{"a":1}')),
        (b"data:x\n\n", Event(b"x")),
        (b"data:  x\n\n", Event(b" x")),
        (b"data\n\n", Event(b"")),
        (b"data: a\ndata: b\n\n", Event(b"a\nb")),
        (b": ping\n\n", Event(None)),
        (b"event: error\r\ndata: x\r\n\r\n", Event(b"x", b"error")),
        (b"id: 7\rretry: 3\rdata: x\r\r", Event(b"x")),
        (b"\xef\xbb\xbfdata: x\n\n", Event(b"x")),
        (b"database: x\n\n", Event(None)),
        (b"data: x", Event(b"x")),
    ],
)
def test_the_fields_of_an_event(event: bytes, fields: Event) -> None:
    assert read_event(event) == fields


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (b"data: x\n\n", b"data: new\n\n"),
        (b"data: x", b"data: new"),
        (b"data:x\r\n\r\n", b"data: new\r\n\r\n"),
        (b": note\nid: 1\ndata: x\ndata: y\nevent: e\n\n", b": note\nid: 1\ndata: new\nevent: e\n\n"),
    ],
)
def test_other_data_leaves_the_rest_of_an_event(event: bytes, changed: bytes) -> None:
    assert with_data(event, b"new") == changed


@pytest.mark.parametrize("filler", [b"x", b"x\r"])
def test_an_endless_event_is_refused(filler: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    splitter = Splitter()
    with pytest.raises(ProviderError) as refusal:
        for _ in range(1001):
            splitter.feed(filler)
    assert refusal.value.detail == {"reason": "too_large"}
