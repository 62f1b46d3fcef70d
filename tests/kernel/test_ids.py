"""Ids: prefixed, unique, and sorted as they were made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from headgate.kernel.ids import Ids
from headgate.testing.clock import FixedClock


def test_an_id_is_a_prefix_and_26_characters_of_crockford_base32() -> None:
    prefix, _, body = Ids(FixedClock()).new("run").partition("_")
    assert prefix == "run"
    assert len(body) == 26
    assert set(body) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_ids_of_one_millisecond_are_in_the_order_in_which_they_were_made() -> None:
    ids = Ids(FixedClock())
    made = [ids.new("run") for _ in range(5000)]
    assert made == sorted(set(made))


def test_a_clock_that_goes_back_does_not_take_the_order_along() -> None:
    class Jumping:
        at = 2_000_000_000.0

        def now(self) -> float:
            return self.at

        def monotonic(self) -> float:
            return self.at

    clock = Jumping()
    ids = Ids(clock)
    before = ids.new("run")
    clock.at -= 3600
    assert ids.new("run") > before


def test_threads_never_get_the_same_id() -> None:
    ids = Ids(FixedClock())
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.new("run"), range(4000)))
    assert len(set(made)) == 4000
