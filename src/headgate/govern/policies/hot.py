"""Policies as the hot path uses them: compiled, chosen for an agent, asked about an action.

The most specific policy that is for the agent decides alone: by agent id, else by tag, else by trust tier, else one for
everyone. Its first rule that names the action and whose condition holds gives the verdict; else its default effect.
No policy at all allows. Of equally specific ones the first by name is taken. A condition that cannot be evaluated (it asks
for an argument that is not there) holds for a rule that denies or asks for approval, and does not for one that allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from headgate.govern.policies.actions import names
from headgate.govern.policies.schemas import ONE_APPROVAL, VALUES, Policy, Quorum
from headgate.kernel.conditions import Condition

Outcome = Literal["allow", "deny", "approval_required"]
Source = Literal["file", "api"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says. `rule` is the rule's name or number, "default" when none matched, "" without any policy."""

    outcome: Outcome
    policy: str = ""
    version: str = ""
    rule: str = ""
    action: str = ""
    quorum: Quorum = ONE_APPROVAL
    reason: str = ""

    @property
    def is_named(self) -> bool:
        """Did a rule decide, and not a default?"""
        return self.rule not in ("", "default")

    def as_dict(self) -> dict[str, str]:
        return {
            "verdict": self.outcome, "policy": self.policy, "version": self.version, "rule": self.rule, "action": self.action,
        }  # fmt: skip


ALLOWED = Verdict("allow")


@dataclass(frozen=True, slots=True)
class Who:
    """The agent that acts."""

    agent: str
    tags: frozenset[str] = frozenset()
    tier: str = "unverified"


@dataclass(frozen=True, slots=True)
class _Rule:
    label: str
    outcome: Outcome
    patterns: tuple[str, ...]
    condition: Condition | None
    quorum: Quorum

    def names(self, actions: Sequence[str]) -> str:
        """The first of the action's names that a pattern of the rule names, or ""."""
        return next((each for each in actions for pattern in self.patterns if names(pattern, each)), "")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy and where it came from."""

    policy: Policy
    source: Source
    id: str
    enabled: bool = True
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Compiled:
    name: str
    version: str
    rules: tuple[_Rule, ...]
    default: Outcome

    def ask(self, actions: Sequence[str], values: Mapping[str, Any]) -> Verdict:
        for rule in self.rules:
            action = rule.names(actions)
            if not action:
                continue
            holds, trouble = (True, "") if rule.condition is None else rule.condition.ask(values)
            if holds or (trouble and rule.outcome != "allow"):
                reason = f"its condition cannot be evaluated: {trouble}" if trouble else ""
                return Verdict(rule.outcome, self.name, self.version, rule.label, action, rule.quorum, reason)
        return Verdict(self.default, self.name, self.version, "default", actions[0])


def _compile(policy: Policy) -> _Compiled:
    rules = tuple(
        _Rule(
            rule.name or f"rule {number}",
            "approval_required" if rule.requiresApproval else rule.effect,
            tuple(rule.actions),
            Condition(rule.when, VALUES) if rule.when else None,
            rule.quorum or ONE_APPROVAL,
        )
        for number, rule in enumerate(policy.rules, 1)
    )
    content = sha256(policy.model_dump_json().encode()).hexdigest()[:8]
    return _Compiled(policy.name, f"{policy.version}+{content}", rules, policy.defaultEffect)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The enabled policies of one tenant, files first, ready to be asked. `ties` are policies that never decide because
    an equally specific one comes before them."""

    by_agent: Mapping[str, _Compiled] = field(default_factory=dict[str, _Compiled])
    by_tag: Mapping[str, _Compiled] = field(default_factory=dict[str, _Compiled])
    by_tier: Mapping[str, _Compiled] = field(default_factory=dict[str, _Compiled])
    for_all: _Compiled | None = None
    ties: tuple[str, ...] = ()

    @staticmethod
    def of(policies: Iterable[Loaded]) -> PolicySet:
        by_agent: dict[str, _Compiled] = {}
        by_tag: dict[str, _Compiled] = {}
        by_tier: dict[str, _Compiled] = {}
        for_all: _Compiled | None = None
        ties: list[str] = []
        for loaded in sorted((each for each in policies if each.enabled), key=lambda each: each.policy.name):
            compiled, whom = _compile(loaded.policy), loaded.policy.appliesTo
            if not (whom.agentIds or whom.tags or whom.trustTiers):
                if for_all is not None:
                    ties.append(f"{compiled.name} is for everyone, and so is {for_all.name}, which decides")
                for_all = for_all or compiled
            for place, keys in ((by_agent, whom.agentIds), (by_tag, whom.tags), (by_tier, whom.trustTiers)):
                for key in keys:
                    first = place.setdefault(key, compiled)
                    if first is not compiled:
                        ties.append(f"{compiled.name} is for {key}, and so is {first.name}, which decides")
        return PolicySet(by_agent, by_tag, by_tier, for_all, tuple(ties))

    @property
    def is_empty(self) -> bool:
        return not (self.by_agent or self.by_tag or self.by_tier or self.for_all)

    def chosen(self, who: Who) -> _Compiled | None:
        """The one policy that decides about `who`."""
        found = self.by_agent.get(who.agent)
        if found is None and self.by_tag:
            tagged = [self.by_tag[tag] for tag in who.tags if tag in self.by_tag]
            found = min(tagged, key=lambda each: each.name, default=None)
        return found or self.by_tier.get(who.tier) or self.for_all

    def ask(self, who: Who, actions: Sequence[str], values: Mapping[str, Any]) -> Verdict:
        """May `who` do what has the names `actions`, the most exact first? `values` are what conditions ask about."""
        policy = self.chosen(who)
        return ALLOWED if policy is None else policy.ask(actions, values)


class PolicyBook:
    """The policies of all tenants: those in files hold for everyone, each tenant's own beside them."""

    def __init__(self) -> None:
        self._files: list[Loaded] = []
        self._own: dict[str, list[Loaded]] = {}
        self._sets: dict[str, PolicySet] = {}
        self._of_files = PolicySet()

    def fill(self, files: list[Loaded], own: Mapping[str, list[Loaded]]) -> None:
        """Everything at once, at start."""
        self._own = dict(own)
        self.put_files(files)

    def put_files(self, files: list[Loaded]) -> None:
        self._files = files
        self._of_files = PolicySet.of(files)
        self._sets = {tenant: PolicySet.of([*files, *own]) for tenant, own in self._own.items()}

    def put(self, tenant: str, own: list[Loaded]) -> None:
        self._own[tenant] = own
        self._sets[tenant] = PolicySet.of([*self._files, *own])

    def of(self, tenant: str) -> PolicySet:
        """What decides about a tenant's calls."""
        return self._sets.get(tenant, self._of_files)

    def loaded(self, tenant: str) -> list[Loaded]:
        """Every policy that a tenant has, those of files first."""
        return [*self._files, *self._own.get(tenant, [])]
