"""What is odd about policies before they ever decide: rules that cannot match, contradictions, tools that no rule names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headgate.govern.policies.actions import covers, names
from headgate.govern.policies.hot import Loaded, PolicySet
from headgate.govern.policies.schemas import Policy, Rule


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something to look at. `kind`: unreachable_rule, contradiction, tie, tool_without_rule."""

    kind: str
    policy: str
    text: str


def analyse(policies: Iterable[Loaded], tools: Iterable[str] = ()) -> list[Oddity]:
    """Everything odd about `policies`; `tools` are those seen in traffic."""
    enabled = [each for each in policies if each.enabled]
    found = [oddity for each in enabled for oddity in _of_policy(each.policy)]
    found += [Oddity("tie", text.partition(" is for ")[0], text) for text in PolicySet.of(enabled).ties]
    if enabled:
        found += _unnamed([each.policy for each in enabled], tools)
    return found


def _of_policy(policy: Policy) -> list[Oddity]:
    found: list[Oddity] = []
    for number, rule in enumerate(policy.rules):
        label = rule.name or f"rule {number + 1}"
        earlier = policy.rules[:number]
        if _is_covered(rule, earlier):
            found.append(
                Oddity(
                    "unreachable_rule",
                    policy.name,
                    f"{label} can never match: rules before it take every action it names",
                )
            )
        for other_number, other in enumerate(earlier):
            if (
                other.when == rule.when
                and set(other.actions) & set(rule.actions)
                and _says(other) != _says(rule)
            ):
                other_label = other.name or f"rule {other_number + 1}"
                same = ", ".join(sorted(set(other.actions) & set(rule.actions)))
                text = f"{other_label} says {_says(other)} and {label} says {_says(rule)} of {same}; the first one decides"
                found.append(Oddity("contradiction", policy.name, text))
    return found


def _is_covered(rule: Rule, earlier: list[Rule]) -> bool:
    """Does each action of `rule` fall to an earlier rule that has no condition, or the same one?"""
    wider = [pattern for each in earlier if each.when in (None, rule.when) for pattern in each.actions]
    return all(any(covers(pattern, action) for pattern in wider) for action in rule.actions)


def _says(rule: Rule) -> str:
    return "approval" if rule.requiresApproval else rule.effect


def _unnamed(policies: list[Policy], tools: Iterable[str]) -> list[Oddity]:
    patterns = [pattern for policy in policies for rule in policy.rules for pattern in rule.actions]
    return [
        Oddity(
            "tool_without_rule", "", f"no rule names the tool {tool}; only default effects decide about it"
        )
        for tool in sorted(set(tools))
        if not any(
            names(pattern, f"execute:{tool}") or names(pattern, "execute:tool") for pattern in patterns
        )
    ]
