"""The chain of events: whatever is changed, removed, put in or cut off is found, and the first bad one is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.frames import Event
from headgate.record.runs.chain import extend, extend_all, follow, links, read_event, seed, verify

EVENTS = [Event(n, f"step.{n}", {"b": n, "a": "x\ny"}) for n in range(4)]
FACTS = b"what it cost"
START = seed("run_1", FACTS)


def test_events_come_back_in_order_and_verify() -> None:
    blob, head = extend(START, EVENTS)

    assert [read_event(link) for link in links(blob)] == EVENTS
    assert verify("run_1", blob, facts=FACTS, head=head, count=4).ok


def test_a_run_without_events_verifies() -> None:
    blob, head = extend(START, [])

    assert head == START
    assert verify("run_1", blob, facts=FACTS, head=head, count=0).ok


def test_a_chain_does_not_fit_another_run() -> None:
    blob, head = extend(START, EVENTS)

    assert verify("run_2", blob, facts=FACTS, head=head, count=4).first_bad == 0


def test_many_runs_at_once_are_chained_as_each_alone() -> None:
    pairs = [(f"run_{n}".encode(), EVENTS[:n]) for n in range(4)]

    assert extend_all(pairs) == [extend(head, events) for head, events in pairs]


@given(st.data())
def test_a_changed_byte_anywhere_is_found(data: st.DataObject) -> None:
    blob, head = extend(START, EVENTS)
    at = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[at] ^= data.draw(st.integers(1, 255))
    if changed[:4] != blob[:4] and int.from_bytes(changed[:4], "little") > 10_000:
        return  # a count of millions is walked link by link; nothing new is in it

    assert not verify("run_1", bytes(changed), facts=FACTS, head=head, count=4).ok


@given(st.integers(0, 300))
def test_a_blob_that_is_cut_is_found(length: int) -> None:
    blob, head = extend(START, EVENTS)

    assert verify("run_1", blob[:length], facts=FACTS, head=head, count=4).ok is (length >= len(blob))


def test_the_first_bad_event_is_named() -> None:
    blob, head = extend(START, EVENTS)

    assert verify("run_1", blob.replace(b"step.2", b"stop.2"), facts=FACTS, head=head, count=4).first_bad == 2


def test_events_left_off_at_the_end_are_missed() -> None:
    _, head = extend(START, EVENTS)
    shorter, _ = extend(START, EVENTS[:3])

    result = verify("run_1", shorter, facts=FACTS, head=head, count=4)
    assert (result.ok, result.first_bad) == (False, 3)


def test_late_events_go_on_from_the_head() -> None:
    blob, head = extend(START, EVENTS)
    late, end = extend(head, [Event(9, "late", {})])

    assert follow(follow(START, blob).head, late).head == end
    assert not follow(START, late).ok


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\xff"])
def test_a_text_that_can_not_be_read_is_no_event(text: bytes) -> None:
    (link, *_) = links(b"\x01\0\0\0" + b"h" * 32 + text)

    assert read_event(link) is None


def test_changed_facts_are_found_at_the_first_event() -> None:
    blob, head = extend(START, EVENTS)

    assert verify("run_1", blob, facts=b"what it cost!", head=head, count=4).first_bad == 0


def test_a_chain_from_before_facts_were_part_of_it_still_verifies() -> None:
    blob, head = extend(b"run_1", EVENTS)

    assert verify("run_1", blob, facts=FACTS, head=head, count=4).ok
