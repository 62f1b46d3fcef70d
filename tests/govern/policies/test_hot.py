"""Policies: the most specific one decides alone, its first fitting rule gives the verdict, and no policy allows."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.govern.policies.hot import Loaded, PolicySet, Who
from headgate.govern.policies.schemas import Policy


def loaded(name: str, *rules: dict[str, Any], **more: Any) -> Loaded:
    return Loaded(Policy.model_validate({"name": name, "rules": rules, **more}), "api", name)


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"effect": "allow", "actions": list(actions), **more}


def deny(*actions: str, **more: Any) -> dict[str, Any]:
    return {"effect": "deny", "actions": list(actions), **more}


def outcome(policies: list[Loaded], who: Who, *actions: str, **values: Any) -> str:
    verdict = PolicySet.of(policies).ask(who, actions, values)
    return f"{verdict.outcome} {verdict.policy} {verdict.rule}".strip()


ANNA = Who("anna", frozenset({"finance"}), "verified")


def test_without_any_policy_everything_is_allowed() -> None:
    assert outcome([], ANNA, "write:email") == "allow"


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ((), "deny by-agent rule 1"),
        (("by-agent",), "deny by-tag rule 1"),
        (("by-agent", "by-tag"), "deny by-tier rule 1"),
        (("by-agent", "by-tag", "by-tier"), "deny for-all rule 1"),
    ],
)
def test_the_most_specific_policy_decides_alone(gone: tuple[str, ...], expected: str) -> None:
    policies = [
        loaded("for-all", deny("*")),
        loaded("by-tier", deny("*"), appliesTo={"trustTiers": ["verified"]}),
        loaded("by-tag", deny("*"), appliesTo={"tags": ["finance"]}),
        loaded("by-agent", deny("*"), appliesTo={"agentIds": ["anna"]}),
        loaded(
            "of-others", deny("*"), appliesTo={"agentIds": ["ben"], "tags": ["hr"], "trustTiers": ["trusted"]}
        ),
    ]

    assert outcome([each for each in policies if each.id not in gone], ANNA, "x:y") == expected


def test_the_first_fitting_rule_gives_the_verdict_and_else_the_default() -> None:
    policy = loaded(
        "p",
        allow("read:*"),
        deny("*:crm", name="no crm"),
        allow("write:email", requiresApproval=True),
        defaultEffect="deny",
    )

    assert outcome([policy], ANNA, "read:crm") == "allow p rule 1"
    assert outcome([policy], ANNA, "write:crm") == "deny p no crm"
    assert outcome([policy], ANNA, "write:email") == "approval_required p rule 3"
    assert outcome([policy], ANNA, "write:file") == "deny p default"


def test_an_action_may_have_several_names() -> None:
    assert (
        outcome([loaded("p", deny("execute:tool"))], ANNA, "execute:send_email", "execute:tool")
        == "deny p rule 1"
    )
    assert (
        outcome([loaded("p", deny("execute:send_*"))], ANNA, "execute:send_email", "execute:tool")
        == "deny p rule 1"
    )
    assert (
        outcome([loaded("p", deny("execute:read_*"))], ANNA, "execute:send_email", "execute:tool")
        == "allow p default"
    )


def test_a_condition_must_hold() -> None:
    policy = loaded("p", deny("write:payment", when="args.amount > 100"), defaultEffect="allow")

    assert outcome([policy], ANNA, "write:payment", args={"amount": 101}) == "deny p rule 1"
    assert outcome([policy], ANNA, "write:payment", args={"amount": 100}) == "allow p default"


@pytest.mark.parametrize("args", [{}, {"amount": "much"}])
def test_what_cannot_be_evaluated_never_lets_anything_through(args: dict[str, Any]) -> None:
    denying = loaded("p", deny("write:payment", when="args.amount > 100"), defaultEffect="allow")
    allowing = loaded("p", allow("write:payment", when="args.amount < 100"), defaultEffect="deny")

    assert outcome([denying], ANNA, "write:payment", args=args) == "deny p rule 1"
    assert outcome([allowing], ANNA, "write:payment", args=args) == "deny p default"


def test_a_policy_that_is_switched_off_does_not_decide() -> None:
    policy = loaded("p", deny("*"))

    assert outcome([Loaded(policy.policy, "api", "p", enabled=False)], ANNA, "x:y") == "allow"


def test_of_equally_specific_ones_the_first_by_name_decides_and_the_other_is_told() -> None:
    policies = [loaded("b", deny("*")), loaded("a", allow("*"))]

    assert outcome(policies, ANNA, "x:y") == "allow a rule 1"
    assert "b is for everyone" in PolicySet.of(policies).ties[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "p", "rules": [{"effect": "allow", "actions": ["nothing"]}]},
        {"name": "p", "rules": [{"effect": "maybe", "actions": ["*"]}]},
        {"name": "p", "rules": [{"effect": "allow", "actions": []}]},
        {"name": "p", "rules": [{"effect": "deny", "actions": ["*"], "requiresApproval": True}]},
        {"name": "p", "rules": [{"effect": "allow", "actions": ["*"], "when": "args.x >"}]},
        {"name": "p", "rules": [{"effect": "allow", "actions": ["*"], "when": "secrets == 1"}]},
        {"name": "p", "rule": []},
        {"name": "", "rules": []},
        {"name": "p", "appliesTo": {"trustTiers": ["anonymous"]}},
    ],
)
def test_what_is_no_policy_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Policy.model_validate(fields)
