"""Strings for regular expressions."""

from __future__ import annotations

import re

import pytest

from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.pattern import matching


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Z]{3}-\\d+$",
        "^a|b$",
        "(foo|bar)+",
        "^(?:x{2,4}y?)*z$",
        "[^a-z]+",
        "\\w+@\\w+\\.com",
        "^\\+?[0-9]{1,3}( [0-9]{3}){2}$",
        ".*",
        "",
        "^[\\w.-]+$",
        "(?P<year>\\d{4})-(0[1-9]|1[0-2])",
        "^[]a]$",
        "\\u0041\\x42",
        "a{2}b{0}c{,2}",
        "^\\s\\S\\D\\W$",
        "[a-]",
        "x+?y*?",
    ],
)
def test_what_is_made_matches(pattern: str) -> None:
    for seed in range(30):
        text = matching(pattern, Dice(bytes([seed])))
        assert re.search(pattern, text), (pattern, text)


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", "(?<!a)b", "(a)\\1", "a)", "(a", "\\bword\\b", "[\\x20-\\x7e", "\\p{L}"]
)
def test_what_is_not_understood_is_a_value_error(pattern: str) -> None:
    with pytest.raises(ValueError):
        matching(pattern, Dice(b""))
