"""Conditions: compiled once, over names that are known, and what cannot be evaluated says why."""

from __future__ import annotations

import pytest

from headgate.kernel.conditions import BadCondition, Condition

KNOWN = frozenset({"args", "cost", "tags"})


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("cost > 1.5", {"cost": 2.0}, True),
        (
            "args.to.endsWith('@x.org') && !('vip' in tags)",
            {"args": {"to": "a@x.org"}, "tags": ["new"]},
            True,
        ),
        ("tags.exists(t, t == 'a')", {"tags": ["a"]}, True),
        ("cost", {"cost": 1}, False),
    ],
)
def test_true_is_true_and_nothing_else(text: str, values: dict[str, object], holds: bool) -> None:
    assert Condition(text, KNOWN).holds(values) is holds


@pytest.mark.parametrize("text", ["cost >", "", "password == 1", "cost > 1 " + "&& cost > 1 " * 400])
def test_what_is_no_condition_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadCondition) as caught:
        Condition(text, KNOWN)

    assert "\n" not in str(caught.value)


def test_what_cannot_be_evaluated_says_why() -> None:
    holds, why = Condition("args.amount > 1", KNOWN).ask({"args": {}})

    assert (holds, bool(why)) == (False, True)
