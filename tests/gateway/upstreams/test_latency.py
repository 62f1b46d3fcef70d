"""Peak EWMA: bad news counts at once, good news slowly, and silence heals."""

from __future__ import annotations

from headgate.gateway.upstreams.latency import PeakLatency


def test_a_peak_is_believed_at_once_and_forgotten_slowly() -> None:
    latency = PeakLatency()
    latency.note(0.0, 0.1)
    latency.note(1.0, 2.0)
    assert latency.seconds == 2.0

    latency.note(2.0, 0.1)

    assert 1.7 < latency.seconds < 2.0
    latency.note(60.0, 0.1)
    assert latency.seconds < 0.2


def test_those_who_wait_count() -> None:
    latency = PeakLatency()
    latency.note(0.0, 0.2)
    latency.in_flight = 4

    assert latency.load(0.0) == 1.0


def test_who_was_slow_is_tried_again() -> None:
    latency = PeakLatency()
    latency.note(0.0, 5.0)

    assert latency.load(600.0) < 0.01
