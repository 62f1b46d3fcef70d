"""The one gate that every action passes: calls of models, tool calls in answers, traced side effects, later web and workflows.

It asks the policies, looks for an approval that lets exactly this pass, and says allow, deny or approval needed. What it
found goes on the call's record; the drain makes approvals and ledger entries of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from headgate.govern.approvals.book import ASKED, USED, ApprovalBook, ApprovalRequired, Wish, asked
from headgate.govern.policies.hot import PolicyBook, Verdict, Who
from headgate.kernel import json
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import Forbidden

VERDICTS = "policy"  # key of a run's explanation: every verdict that a rule or a default gave
SHOWN_BYTES = 16 * 1024  # of an action's arguments, for those who decide


class PolicyDenied(Forbidden):
    """A policy denies the action. `detail["verdict"]` says which rule of which policy."""

    code: ClassVar[str] = "policy_denied"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that an agent is about to do. `names` are its names, the most exact first: `execute:send_email`,
    `execute:tool`; `arguments` canonical JSON; `values` what conditions may ask about."""

    names: tuple[str, ...]
    arguments: bytes = b"{}"
    tool: str = ""
    level: int = 0
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Party:
    """Who acts, and for whom."""

    tenant: str
    requester: str
    agent: str
    app: str
    subject: str = ""
    tags: frozenset[str] = frozenset()
    tier: str = "unverified"
    observing: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of an action. `approval_id`: of the approval that it used, or now waits for."""

    verdict: Verdict
    approval_id: str = ""
    passes: bool = True

    def as_dict(self) -> dict[str, Any]:
        approval = {"approvalId": self.approval_id} if self.approval_id else {}
        return (
            self.verdict.as_dict()
            | approval
            | ({"reason": self.verdict.reason} if self.verdict.reason else {})
        )


class Gate:
    """Judges actions. One per process, on the event loop."""

    def __init__(self, policies: PolicyBook, approvals: ApprovalBook, clock: Clock) -> None:
        self._policies = policies
        self._approvals = approvals
        self._clock = clock

    def is_open(self, tenant: str) -> bool:
        """Is there nothing that could say no? Then nobody needs to look."""
        return self._policies.of(tenant).is_empty

    def judge(
        self, party: Party, action: Action, record: dict[str, Any], *, ask_always: bool = False
    ) -> Ruling:
        """May `party` do `action`? Notes the ruling in `record`, the run's explanation. `ask_always`: allowed or not by
        policy, it needs approval (untrusted content had influence). Never raises a refusal: see `enforce`."""
        who = Who(party.agent, party.tags, party.tier)
        verdict = self._policies.of(party.tenant).ask(who, action.names, _values(party, action))
        if ask_always and verdict.outcome == "allow":
            reason = "untrusted content had influence on this run"
            verdict = Verdict(
                "approval_required", "memory_quarantine", "1", "quarantine", action.names[0], reason=reason
            )
        ruling = self._rule(party, action, verdict, record)
        if verdict.rule:
            record.setdefault(VERDICTS, []).append(
                ruling.as_dict() | {"passed": ruling.passes, "tool": action.tool}
            )
        return ruling

    def _rule(self, party: Party, action: Action, verdict: Verdict, record: dict[str, Any]) -> Ruling:
        if verdict.outcome == "allow":
            return Ruling(verdict)
        if party.observing:
            return Ruling(verdict, passes=True)  # recorded, not enforced, and nobody is asked
        if verdict.outcome == "deny":
            return Ruling(verdict, passes=False)
        now_us = to_us(self._clock.now())
        wish = _wish(party, action, verdict)
        if used := self._approvals.pass_once(wish, now_us):
            record.setdefault(USED, []).append(used)
            return Ruling(verdict, used)
        approval_id, is_new = self._approvals.ask(wish, now_us)
        if is_new:
            record.setdefault(ASKED, []).append(asked(wish, approval_id, now_us, _shown(action, party)))
        return Ruling(verdict, approval_id, passes=False)


def enforce(rulings: Sequence[Ruling]) -> None:
    """Raise PolicyDenied or ApprovalRequired when one of the actions does not pass; a denial first."""
    held = [ruling for ruling in rulings if not ruling.passes]
    for ruling in held:
        if ruling.verdict.outcome == "deny":
            raise PolicyDenied(_sentence(ruling, "denies"), verdict=ruling.as_dict())
    if held:
        ids = [ruling.approval_id for ruling in held]
        raise ApprovalRequired(
            f"{_sentence(held[0], 'asks for approval of')} Approve {ids[0]}, then make the same call again.",
            verdict=held[0].as_dict(), approvalId=ids[0], approvalIds=ids,
        )  # fmt: skip


def _sentence(ruling: Ruling, does: str) -> str:
    verdict = ruling.verdict
    return f"The policy {verdict.policy!r} ({verdict.rule}) {does} {verdict.action}."


def _wish(party: Party, action: Action, verdict: Verdict) -> Wish:
    return Wish(
        party.tenant, party.requester, party.agent, party.app, party.subject, verdict.action, action.tool, action.arguments,
        verdict.policy, verdict.version, verdict.rule, verdict.quorum.approvals, verdict.quorum.requesterMayDecide,
    )  # fmt: skip


def _shown(action: Action, party: Party) -> dict[str, Any]:
    text = action.arguments[:SHOWN_BYTES].decode("utf-8", "replace")
    return {
        "tool": action.tool, "arguments": text, "truncated": len(action.arguments) > SHOWN_BYTES, "level": action.level,
        "subject": party.subject,
    }  # fmt: skip


def _values(party: Party, action: Action) -> dict[str, Any]:
    """Everything a condition may ask about; what is not told is there and empty."""
    known: dict[str, Any] = {
        "caller": {"id": party.requester, "mode": "observe" if party.observing else "optimize"}, "agent": party.agent,
        "app": party.app, "subject": party.subject, "project": "", "tags": sorted(party.tags), "tier": party.tier, "trust": 0.0,
        "model": "", "provider": "", "wire": "", "cost": 0.0, "tokens": 0, "tool": action.tool, "args": {},
        "level": action.level, "host": "", "now": 0, "hour": 0, "weekday": 0, "data": [],
    }  # fmt: skip
    known.update(action.values)
    if action.tool and not known["args"]:
        try:
            parsed = json.decode(action.arguments)
        except ValueError:
            parsed = {}
        known["args"] = parsed if isinstance(parsed, dict) else {}
    return known
