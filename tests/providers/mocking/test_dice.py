"""Dice fall by their seed alone."""

from __future__ import annotations

from headgate.providers.mocking.dice import Dice


def rolls(dice: Dice) -> list[int]:
    return [dice.below(1000) for _ in range(20)]


def test_equal_seeds_make_equal_choices_and_others_differ() -> None:
    assert rolls(Dice(b"a")) == rolls(Dice(b"a"))
    assert rolls(Dice(b"a")) != rolls(Dice(b"b"))
    assert rolls(Dice(b"a")) != [Dice(b"a").below(1000)] * 20


def test_a_fork_does_not_depend_on_what_was_rolled_before() -> None:
    used = Dice(b"a")
    rolls(used)
    assert rolls(used.fork("x")) == rolls(Dice(b"a").fork("x"))
    assert rolls(Dice(b"a").fork("x")) != rolls(Dice(b"a").fork("y"))


def test_choices_stay_in_bounds() -> None:
    dice = Dice(b"a")
    assert {dice.below(3) for _ in range(100)} == {0, 1, 2}
    assert {dice.pick("xy") for _ in range(100)} == {"x", "y"}
    assert len(dice.token(29)) == 29
