"""Equal answers score 1, JSON agrees field by field, words by their overlap; the wrong tool call is the wrong answer."""

from __future__ import annotations

import pytest

from headgate.govern.evidence.comparing import compare
from headgate.govern.evidence.whole import Said


def text(words: str) -> Said:
    return Said(words, [])


@pytest.mark.parametrize(
    ("first", "second", "method", "score"),
    [
        ("the same", "the same", "equal", 1.0),
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}', "equal", 1.0),
        ('{"a": 1, "b": 2}', '```json\n{"a": 1, "b": 3}\n```', "fields", 0.5),
        ('{"a": [1, 2]}', '{"a": [1, 2, 3], "c": {}}', "fields", 0.5),
        ("one two three four", "one two five six", "words", 0.5),
        ("one", "", "words", 0.0),
        ('{"a": 1}', "a 1", "words", pytest.approx(2 * 2 / 9, abs=1e-6)),
        ("1", "1.0", "words", pytest.approx(0.5)),
    ],
)
def test_texts(first: str, second: str, method: str, score: float) -> None:
    agreement = compare(text(first), text(second))

    assert (agreement.method, agreement.score) == (method, score)


def test_differences_are_named() -> None:
    assert compare(text('{"a": {"b": 1}, "c": [1]}'), text('{"a": {"b": 2}, "c": [1]}')).differences == [
        "$.a.b"
    ]


def test_the_worse_of_words_and_calls_decides() -> None:
    first = Said("I will pay.", [("pay", {"amount": 5, "to": "anna"})])

    assert compare(first, Said("I will pay.", [("pay", {"amount": 5, "to": "anna"})])).score == 1.0
    assert compare(
        first, Said("I will pay.", [("pay", {"amount": 500, "to": "anna"})])
    ).score == pytest.approx(2 / 3)
    assert compare(first, Said("I will pay.", [])).score == 0.0
    assert compare(Said("", [("a", {})]), Said("", [("a", {})])).score == 1.0
