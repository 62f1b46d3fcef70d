"""Rate limits are exact, counters and values end in time, and running out of room is never silent."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.store.fast import NS, FastStore, MemoryStore

START = 1_767_225_600


class Bucket:
    """The slow reference: a token bucket in exact fractions, refilled by one token per whole-nanosecond step."""

    def __init__(self, rate: int, burst: int) -> None:
        self.step = -(-60 * NS // rate)
        self.burst = burst
        self.tokens = Fraction(burst)
        self.at = 0

    def take(self, now_ns: int, cost: int) -> tuple[bool, int]:
        self.tokens = min(Fraction(self.burst), self.tokens + Fraction(now_ns - self.at, self.step))
        self.at = now_ns
        allowed = self.tokens >= cost
        if allowed:
            self.tokens -= cost
        return allowed, int(self.tokens)


@given(
    rate=st.integers(1, 100_000), burst=st.integers(1, 500),
    calls=st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 5)), min_size=1, max_size=60),
)  # fmt: skip
def test_take_decides_as_an_exact_token_bucket_does(
    rate: int, burst: int, calls: list[tuple[int, int]]
) -> None:
    store, bucket, elapsed_ms = MemoryStore(), Bucket(rate, burst), 0
    for gap_ms, cost in calls:
        elapsed_ms += gap_ms
        now = START + elapsed_ms / 1000
        taken = store.take("k", rate_per_minute=rate, burst=burst, cost=cost, now=now)
        assert (taken.allowed, taken.remaining) == bucket.take(int(now * NS), cost)


def test_waiting_for_retry_after_is_enough_and_less_is_not() -> None:
    store = MemoryStore()
    for _ in range(3):
        assert store.take("k", rate_per_minute=60, burst=3, now=START).allowed
    refused = store.take("k", rate_per_minute=60, burst=3, now=START)
    assert not refused.allowed and refused.remaining == 0 and refused.limit == 3
    assert refused.retry_after_s == pytest.approx(1.0)
    assert refused.reset_s == pytest.approx(3.0)
    assert not store.take("k", rate_per_minute=60, burst=3, now=START + 0.9).allowed
    assert store.take("k", rate_per_minute=60, burst=3, now=START + refused.retry_after_s).allowed


def test_a_refusal_takes_nothing_and_keys_do_not_share() -> None:
    store = MemoryStore()
    assert store.take("a", rate_per_minute=60, burst=1, now=START).allowed
    for _ in range(50):
        assert not store.take("a", rate_per_minute=60, burst=1, now=START + 0.5).allowed
    assert store.take("a", rate_per_minute=60, burst=1, now=START + 1).allowed
    assert store.take("b", rate_per_minute=60, burst=1, now=START).allowed


def test_more_than_the_burst_never_passes() -> None:
    taken = MemoryStore().take("k", rate_per_minute=60, burst=2, cost=3, now=START)
    assert not taken.allowed and taken.retry_after_s == float("inf")


def test_a_clock_set_back_locks_nobody_out_for_longer_than_a_burst() -> None:
    store = MemoryStore()
    store.take("k", rate_per_minute=60, burst=5, now=START + 86_400)
    assert store.take("k", rate_per_minute=60, burst=5, now=START).retry_after_s <= 1.0


def test_room_is_made_of_what_has_run_out_before_anything_is_forgiven() -> None:
    store = MemoryStore(max_bytes=3 * 100_000)
    for number in range(5000):  # far more keys than fit, but each is whole again when the next comes
        store.take(f"key-{number}", rate_per_minute=60, burst=1, now=START + 2 * number)
    assert store.stats().bytes <= 100_000
    assert store.stats().forgiven == 0


def test_forgiving_a_limit_for_want_of_room_is_counted() -> None:
    store = MemoryStore(max_bytes=3 * 100_000)
    for number in range(2000):
        store.take(f"key-{number}", rate_per_minute=60, burst=60, now=START)
    stats = store.stats()
    assert stats.bytes <= 100_000
    assert stats.forgiven == 2000 - stats.entries > 0


def test_a_counter_ends_after_its_first_additions_time() -> None:
    store = MemoryStore()
    assert store.add("c", 5, ttl_s=10, now=START) == 5
    assert store.add("c", 2, ttl_s=10, now=START + 9) == 7
    assert store.count("c", now=START + 9.9) == 7
    assert store.count("c", now=START + 10) == 0
    assert store.add("c", 1, ttl_s=10, now=START + 10) == 1


def test_values_end_in_time_and_stay_within_bytes() -> None:
    store = MemoryStore(max_bytes=3 * 50_000)
    store.put("v", b"one", ttl_s=5, now=START)
    assert store.get("v", now=START + 4) == b"one"
    assert store.get("v", now=START + 5) is None
    for number in range(100):
        store.put(f"v{number}", bytes(2000), ttl_s=100 + number, now=START)
    assert store.stats().bytes <= 50_000
    assert store.stats().evicted > 0 and store.stats().forgiven == 0
    assert store.get("v99", now=START) is not None, "what ends last stays"


def test_replacing_a_value_does_not_leak_bytes() -> None:
    store = MemoryStore()
    for size in (10, 5000, 20) * 50:
        store.put("v", bytes(size), ttl_s=5, now=START)
    store.drop("v")
    assert store.stats().bytes == 0


@pytest.mark.asyncio
async def test_the_waiting_twins_do_the_same() -> None:
    store: FastStore = MemoryStore()
    assert (await store.take_wait("k", rate_per_minute=60, burst=1, now=START)).allowed
    assert not store.take("k", rate_per_minute=60, burst=1, now=START).allowed
    assert await store.add_wait("c", 3, ttl_s=5, now=START) == await store.count_wait("c", now=START) == 3
    await store.put_wait("v", b"x", ttl_s=5, now=START)
    assert await store.get_wait("v", now=START) == b"x"
    await store.drop_wait("v")
    assert await store.get_wait("v", now=START) is None
