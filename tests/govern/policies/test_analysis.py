"""Analysis: rules that can never match, contradictions, ties, and tools without a rule are told before they ever decide."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.govern.policies.analysis import analyse
from tests.govern.policies.test_hot import allow, deny, loaded


def kinds(*rules: dict[str, Any]) -> list[str]:
    return [each.kind for each in analyse([loaded("p", *rules)])]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((allow("read:*"), deny("read:crm")), ["unreachable_rule"]),
        ((allow("*"), allow("read:crm")), ["unreachable_rule"]),
        ((allow("read:crm"), deny("read:*")), []),
        ((allow("read:*", when="cost > 1.0"), deny("read:crm")), []),
        ((allow("read:*", when="cost > 1.0"), allow("read:crm", when="cost > 1.0")), ["unreachable_rule"]),
        ((allow("a:b", "c:d"), deny("a:b", "e:f")), ["contradiction"]),
        ((allow("a:b"), deny("a:b")), ["unreachable_rule", "contradiction"]),
        ((allow("a:b", requiresApproval=True), allow("a:b", "c:d")), ["contradiction"]),
    ],
)
def test_rules_of_one_policy(rules: tuple[dict[str, Any], ...], expected: list[str]) -> None:
    assert kinds(*rules) == expected


def test_ties_and_tools_without_a_rule() -> None:
    policies = [loaded("a", allow("execute:mail_*")), loaded("b", deny("read:*"))]

    found = analyse(policies, ["mail_send", "delete_all"])

    assert [(each.kind, each.policy) for each in found] == [("tie", "b"), ("tool_without_rule", "")]
    assert "delete_all" in found[1].text
    assert analyse([], ["delete_all"]) == []
