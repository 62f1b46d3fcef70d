"""Keys: by weight, together for the same long prompt, and left alone while they cool down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from headgate.gateway.upstreams.key_pool import Cooling, affinity_of, order_keys


@dataclass(frozen=True)
class Key:
    ref: str
    weight: int = 1


KEYS = [Key("a"), Key("b"), Key("c", 2)]


def body(system: str, question: str, first: str = '"model":"gpt-4o"') -> bytes:
    text = f'{{{first},"messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{question}"}}]}}'
    return text.encode()


def test_the_same_long_beginning_has_the_same_affinity_whatever_follows() -> None:
    system = "You are a careful assistant. " * 200

    one, two = affinity_of(body(system, "a?"), b"t"), affinity_of(body(system, "b?", '"model":"x"'), b"t")

    assert one is not None
    assert one == two
    assert affinity_of(body("Another. " * 500, "a?"), b"t") != one
    assert affinity_of(body(system, "a?"), b"another tenant") != one


def test_a_short_prompt_has_none() -> None:
    assert affinity_of(body("Short.", "a?"), b"t") is None


def test_the_callers_own_cache_key_decides() -> None:
    one = body("x" * 4000, "a?", '"prompt_cache_key":"k1"')
    two = body("y" * 4000, "b?", '"prompt_cache_key":"k1"')

    assert affinity_of(one, b"t") == affinity_of(two, b"t")


def test_affinities_spread_over_keys_by_weight_and_stay_when_a_key_goes() -> None:
    prompts = [affinity_of(body(f"system {number} " * 400, "?"), b"t") for number in range(2000)]
    before = [order_keys(KEYS, each, ())[0].ref for each in prompts]
    counts = Counter(before)

    assert 900 < counts["c"] < 1100
    assert 400 < counts["a"] < 600
    after = [order_keys(KEYS[1:], each, ())[0].ref for each in prompts]
    assert all(new == old for new, old in zip(after, before, strict=True) if old != "a")


def test_without_affinity_weights_decide() -> None:
    chance = Random(7)
    counts = Counter(order_keys(KEYS, None, [chance.random() for _ in KEYS])[0].ref for _ in range(4000))

    assert 1800 < counts["c"] < 2200
    assert 850 < counts["a"] < 1150


def test_a_key_that_cools_down_is_back_when_its_time_is_over() -> None:
    cooling = Cooling()
    cooling.rest("a", 0.0, 7.0, model="m")
    cooling.rest("a", 0.0, 2.0, model="m")  # never shorter than what was said before

    assert cooling.left_s("a", "m", 3.0) == 4.0
    assert cooling.left_s("a", "other", 3.0) == 0.0
    assert cooling.left_s("b", "m", 3.0) == 0.0
    assert cooling.left_s("a", "m", 7.0) == 0.0

    cooling.rest("a", 10.0, 60.0)
    assert cooling.left_s("a", "other", 11.0) == 59.0
    cooling.wake("a", "other")
    assert cooling.left_s("a", "m", 11.0) == 0.0


def test_what_cools_down_is_bounded() -> None:
    cooling = Cooling()
    for number in range(5000):
        cooling.rest("a", float(number), 5.0, model=str(number))

    assert len(cooling._until) <= 1000
