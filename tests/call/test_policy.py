"""What dispatch does when nobody says anything: one try in the given order, no waiting."""

from __future__ import annotations

from headgate.call.policy import DEFAULT, QueueTerms


def test_without_a_word_nothing_is_repeated_and_nobody_waits() -> None:
    assert (DEFAULT.strategy, DEFAULT.retries, DEFAULT.queue, DEFAULT.deadline_s) == (
        "priority",
        0,
        None,
        0.0,
    )


def test_a_queue_is_bounded() -> None:
    terms = QueueTerms()
    assert terms.wait_s < 60 and terms.max_bytes <= 2**26 and terms.max_waiting <= 1000
