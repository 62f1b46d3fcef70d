"""Kept values are bounded in bytes, the longest unused go first, and none is given after its time."""

from __future__ import annotations

from headgate.store.bounded import ENTRY_BYTES, Bounded


def test_a_value_is_given_until_its_time_is_over() -> None:
    kept: Bounded[str] = Bounded(10_000)
    kept.put(b"k", "v", size=1, ends_at=10)
    assert kept.get(b"k", now=9) == "v" and kept.get(b"k", now=10) is None
    assert (len(kept), kept.bytes) == (0, 0)


def test_the_longest_unused_goes_first() -> None:
    kept: Bounded[int] = Bounded(10 * (ENTRY_BYTES + 10))
    for number in range(10):
        kept.put(b"%09d" % number, number, size=1, ends_at=99)
    assert kept.get(b"%09d" % 0, now=0) == 0
    kept.put(b"%09d" % 10, 10, size=1, ends_at=99)
    assert kept.get(b"%09d" % 1, now=0) is None and kept.get(b"%09d" % 0, now=0) == 0
    assert len(kept) == 10 and kept.bytes <= 10 * (ENTRY_BYTES + 10)


def test_a_new_value_takes_the_place_of_the_old_one() -> None:
    kept: Bounded[str] = Bounded(10_000)
    kept.put(b"k", "long", size=500, ends_at=99)
    kept.put(b"k", "short", size=5, ends_at=99)
    assert kept.get(b"k", now=0) == "short" and kept.bytes == ENTRY_BYTES + 1 + 5


def test_a_value_that_would_fill_the_whole_is_not_kept() -> None:
    kept: Bounded[str] = Bounded(10_000)
    kept.put(b"k", "huge", size=5_000, ends_at=99)
    assert kept.get(b"k", now=0) is None and kept.bytes == 0
