"""A pattern says which names it is about, and which of several patterns it was."""

from __future__ import annotations

import pytest

from headgate.modules.wildcards import Wildcards, safe_pattern


@pytest.mark.parametrize(("pattern", "fits", "not_fits"), [
    ("gpt-4o", "GPT-4o", "gpt-4o-mini"), ("gpt-4*", "gpt-4o-mini", "o4"), ("*-mini", "gpt-4o-mini", "gpt-4o"),
    ("*", "", "\0none"), ("a*c*e", "abcde", "abcd"), ("a.c", "a.c", "abc"),
])  # fmt: skip
def test_a_star_is_any_rest(pattern: str, fits: str, not_fits: str) -> None:
    assert Wildcards([pattern]).match(fits) == pattern
    assert pattern == "*" or Wildcards([pattern]).match(not_fits) is None


def test_the_first_name_that_fits_tells_its_pattern() -> None:
    assert Wildcards(["x", "b*"]).any(["a", "bc", "x"]) == "b*"
    assert Wildcards(["x"]).any(["a"]) is None


def test_many_stars_stay_fast() -> None:
    """A name is short; even a pattern made to be slow ends at once."""
    assert Wildcards(["*a" * 12]).match("a" * 11 + "b" * 50) is None


def test_a_pattern_that_re2_does_not_know_is_a_value_error() -> None:
    assert safe_pattern("AB+", any_case=True).search("xabb")
    with pytest.raises(ValueError, match="RE2"):
        safe_pattern("(")
