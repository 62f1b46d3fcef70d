"""Patterns are RE2, judged in one set, in order of priority; what cannot be used is refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.govern.guardrails.rules import BadPattern, Rule, RuleBook, RuleSet, TenantRules, compiled


def rule(name: str, pattern: str, **more: Any) -> Rule:
    return Rule(id=f"grl_{name}", name=name, pattern=pattern, **more)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=x)", "RE2 does not take it"),
        ("a(", "RE2 does not take it"),
        ("x*", "empty text"),
        ("x" * 2001, "2000 characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, reason: str) -> None:
    with pytest.raises(BadPattern, match=reason):
        compiled(pattern)


def test_case_does_not_matter_and_places_are_in_characters() -> None:
    rules = RuleSet([rule("a", "straße")])
    assert [(each.start, each.end) for each in rules.find("日本 STRASSE Straße", "default")] == [(11, 17)]


def test_rules_of_other_projects_do_not_judge() -> None:
    rules = RuleSet([rule("all", "x"), rule("one", "x", project="one"), rule("two", "x", project="two")])
    assert [each.rule.name for each in rules.find("x", "one")] == ["all", "one"]
    assert rules.actions("three") == {"log"}


def test_more_rules_than_fit_one_set_are_all_asked() -> None:
    rules = RuleSet([rule(str(number), f"w{number}_") for number in range(200)])
    assert [each.rule.name for each in rules.find("w3_ w150_ w64_ w63_", "default")] == [
        "3",
        "63",
        "64",
        "150",
    ]


def test_directions_and_switches() -> None:
    given = [rule("in", "x", direction="input"), rule("out", "x", direction="output")]
    rules = TenantRules.of([*given, rule("off", "x", enabled=False), rule("both", "x")])
    assert rules.input is not None and [each.name for each in rules.input.rules] == ["in", "both"]
    assert rules.output is not None and [each.name for each in rules.output.rules] == ["out", "both"]


def test_the_book_swaps_a_tenants_rules_and_keeps_the_old_ones_when_the_new_ones_cannot_be_used() -> None:
    book = RuleBook()
    book.put("a", [rule("x", "x")])
    book.put("b", [rule("y", "y")])
    with pytest.raises(BadPattern):
        book.put("a", [rule("bad", "(")])
    found = book.of("a")
    assert found is not None and found.input is not None and found.input.rules[0].name == "x"
    book.put("a", [])
    assert book.of("a") is None and book.of("b") is not None


def test_hostile_text_takes_no_longer_than_any_other() -> None:
    rules = RuleSet([rule("evil", "(a+)+b"), rule("wide", "(x?){50}x{50}")])
    assert rules.find("a" * 100_000, "default") == []
