"""Chunks become events wherever they end, and parts begin and end one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.events import EventSplitter, Parts, data_of, failed_of
from headgate.wire.neutral import Event, PartEnded, PartStarted, Text
from headgate.wire.sse import Event as SseEvent
from tests.wire.neutral_forms import pieces

STREAM = b': silence\n\nevent: a\ndata: {"n":1}\n\ndata: {"n":\ndata: 2}\r\n\r\ndata: [DONE]\n\ndata: {"n":3}'


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_do_not_depend_on_the_chunks(cuts: list[int]):
    splitter = EventSplitter()
    found = [event for piece in pieces(STREAM, cuts) for event in splitter.feed(piece)]
    found += splitter.finish()
    assert [data_of(event) for event in found] == [{"n": 1}, {"n": 2}, {}, {"n": 3}]
    assert found[0].name == b"a"


def test_data_that_is_no_object_is_empty():
    assert [data_of(SseEvent(data)) for data in (None, b"[DONE]", b"[1]", b"{")] == [{}, {}, {}, {}]


def test_a_part_ends_before_the_next_begins():
    parts, out = Parts(choice=1), list[Event]()
    assert [parts.at(key, Text(""), out) for key in ("a", "a", "b", "a")] == [0, 0, 1, 2]
    parts.end(out)
    parts.end(out)
    assert [type(event) for event in out] == [PartStarted, PartEnded] * 3
    assert all(event.choice == 1 for event in out if isinstance(event, PartStarted | PartEnded))


def test_an_error_object_keeps_its_words():
    failed = failed_of({"message": "no", "type": "t", "code": 429, "param": "p"})
    assert (failed.status, failed.message, failed.kind, failed.param) == (429, "no", "t", "p")
    assert failed_of({}).message
