"""The limit of a provider falls when it says so, and comes back."""

from __future__ import annotations

from headgate.gateway.upstreams.concurrency import Concurrency


def busy(count: int, **bounds: int) -> Concurrency:
    room = Concurrency(**bounds)
    for _ in range(count):
        room.enter()
    return room


def test_a_refusal_lowers_the_limit_below_what_is_in_flight() -> None:
    room = busy(100)

    room.too_much(0.0)

    assert room.limit == 80
    assert room.is_full


def test_what_was_refused_together_lowers_it_once() -> None:
    room = busy(100)
    for _ in range(50):
        room.too_much(0.5)

    assert room.limit == 80


def test_it_stays_within_its_bounds() -> None:
    room = busy(1, least=4, most=10)
    for number in range(20):
        room.too_much(float(number * 2))
    assert room.limit == 4

    for _ in range(3):
        room.enter()
    for _ in range(1000):
        room.answered()

    assert room.limit == 8  # no further than it is used
    for _ in range(6):
        room.enter()
    for _ in range(1000):
        room.answered()
    assert room.limit == 10


def test_room_that_nobody_uses_does_not_grow() -> None:
    room = busy(100)
    room.too_much(0.0)
    for _ in range(90):
        room.leave()
    for _ in range(1000):
        room.answered()

    assert room.limit == 80
