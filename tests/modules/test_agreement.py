"""Answers that say the same agree, in whatever order their words come; others do not."""

from __future__ import annotations

from headgate.modules.agreement import camps, similarity


def test_the_same_words_agree() -> None:
    assert similarity("The cat sat.", "the CAT sat") == 1.0 and similarity("", "") == 1.0
    assert similarity("yes", "") == 0.0 and similarity("one two", "three four") == 0.0
    assert (
        0
        < similarity("the capital is Paris", "Paris")
        < 0.6
        < similarity("the capital is Paris", "the capital: Paris")
    )


def test_the_largest_camp_comes_first() -> None:
    assert camps(["it is red", "it is blue", "blue it is", "green"], 0.9) == [[1, 2], [0], [3]]
